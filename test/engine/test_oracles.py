# Copyright 2026 The streamo_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""What is exact about the engine, against Hugging Face's own forward on random weights."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
import pytest

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import instruction_pieces
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_pieces
from streamo_ros.dialogue import time_tag
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.onnxruntime_backend import OnnxRuntimeBackend
from streamo_ros.engine.window import WindowPlan
from streamo_ros.models import load_checkpoint
from streamo_ros.models.positions import mrope_positions

torch = pytest.importorskip('torch', reason='the reference forward needs torch')
safetensors_torch = pytest.importorskip('safetensors.torch')
nano = pytest.importorskip('streamo_ros.training.nano', reason='needs transformers')
sequences = pytest.importorskip('streamo_ros.training.sequence')

TOLERANCE = 1e-4
QUESTIONS = ('Tell me when the light goes off.', 'Say so when it </Response> moves <|im_end|>!')


@pytest.fixture(scope='module')
def random_model(tmp_path_factory):
    """Return a checkpoint directory with random weights, and the same model in torch."""
    directory = tmp_path_factory.mktemp('random')
    nano.write_nano(directory)
    torch.manual_seed(0)
    model = nano.new_model(nano.nano_config(load_checkpoint(directory).tokenizer)).eval()
    for weight in model.parameters():
        if weight.ndim > 1:
            weight.data *= 2  # far from the linear regime, so that mistakes show
        else:
            weight.data += 0.1 * torch.randn_like(weight)
    tensors = {
        name.removeprefix('model.').replace('language_model.', 'model.'): value.contiguous()
        for name, value in model.state_dict().items() if name != 'lm_head.weight'}
    safetensors_torch.save_file(tensors, str(directory / 'model.safetensors'))
    return directory, model


@pytest.fixture
def frames():
    return np.random.default_rng(1).integers(0, 256, (14, 112, 112, 3), np.uint8)


class Recorder(OnnxRuntimeBackend):
    """The real backend; keeps the state logits of every turn and then rules Response out."""

    silent = True

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.logits: list[NDArray[np.float32]] = []

    def step(self, first, inputs):
        outputs = super().step(first, inputs)
        if not inputs.into_sink:
            self.logits.append(outputs.states.copy())
            if self.silent:
                outputs.states[:, State.RESPONSE] = -1e9
        return outputs


def watching(directory, questions=QUESTIONS, window_turns=60, **options):
    checkpoint = load_checkpoint(directory)
    backend = Recorder(checkpoint)
    engine = StreamEngine(checkpoint, backend, window_turns=window_turns, **options)
    for question in questions:
        engine.watch(question)
    return engine, backend


def logits_of(directory, frames, **options):
    """Return (T, questions, 3) logits of a stream that never answers, and its states."""
    engine, backend = watching(directory, **options)
    ticks = [engine.step(frame, float(stamp)) for stamp, frame in enumerate(frames)]
    return np.stack(backend.logits), [[decision.state for decision in tick] for tick in ticks]


def reference_logits(directory, model, frames, question, states, window_turns=None):
    """Return (T, 3) from one full forward over all turns; a window hides turns by its mask."""
    checkpoint = load_checkpoint(directory)
    turns = [sequences.TrainingTurn(state, '', state) for state in states]
    tags = [time_tag(tick, 1.0) for tick in range(len(turns))]
    sequence = sequences.build_sequence(
        checkpoint.tokenizer, checkpoint.system_prompt, question, tags, turns, (4, 4))
    before = [frames[0], *frames[:-1]]
    patches = torch.from_numpy(np.concatenate([
        checkpoint.frame.patches(last, frame, checkpoint.vision)
        for last, frame in zip(before, frames, strict=True)]))
    at = np.flatnonzero(sequence.state_labels != sequences.IGNORED)
    mask = np.tri(len(sequence.ids), dtype=np.bool_)
    if window_turns is not None:
        turn = turn_of_each_token(checkpoint, question, tags, states)
        mask &= (turn == -1)[None] | (turn[None] > turn[:, None] - window_turns)
    with torch.no_grad():
        seen = model.model.visual(
            patches, grid_thw=torch.tensor([[1, 8, 8]] * len(frames))).pooler_output
        embeds = model.get_input_embeddings()(torch.from_numpy(sequence.ids))
        embeds[torch.from_numpy(sequence.is_image)] = seen
        hidden = model.model.language_model(
            inputs_embeds=embeds[None],
            attention_mask={'full_attention': torch.from_numpy(mask)[None, None]},
            position_ids=torch.from_numpy(sequence.positions)[:, None],
        ).last_hidden_state[0]
        return model.lm_head(hidden[at])[:, list(checkpoint.tokenizer.state_ids)].numpy()


def turn_of_each_token(checkpoint, question, tags, states):
    """Return (S,) the turn a token belongs to, -1 in the sink."""
    encode = checkpoint.tokenizer.encode
    turns = [-1] * len(encode(
        system_pieces(checkpoint.system_prompt) + instruction_pieces(question)))
    for index, (tag, state) in enumerate(zip(tags, states, strict=True)):
        turns += [index] * (len(encode(open_turn(tag), 16)) + len(encode(close_turn(state))))
    return np.asarray(turns)


def test_equals_hugging_face_while_nothing_is_evicted(random_model, frames):
    directory, model = random_model
    logits, states = logits_of(directory, frames)
    for index, question in enumerate(QUESTIONS):
        np.testing.assert_allclose(logits[:, index], reference_logits(
            directory, model, frames, question, [tick[index] for tick in states]),
            atol=TOLERANCE)


def test_eviction_equals_one_masked_forward_over_all_turns(random_model, frames, monkeypatch):
    """With the sink at absolute distance, which is what a single forward can express."""
    directory, model = random_model
    plan = WindowPlan.plan

    def absolute(self, is_image, opens_at=None):
        chunk = plan(self, is_image, opens_at)
        return replace(chunk, sink_positions=chunk.positions)

    monkeypatch.setattr(WindowPlan, 'plan', absolute)
    logits, states = logits_of(directory, frames, window_turns=4)
    for index, question in enumerate(QUESTIONS):
        np.testing.assert_allclose(logits[:, index], reference_logits(
            directory, model, frames, question, [tick[index] for tick in states],
            window_turns=4), atol=TOLERANCE)


def test_eviction_keeps_the_sink_at_the_distance_of_a_contiguous_window(random_model, frames):
    directory, _ = random_model
    engine, _ = watching(directory, QUESTIONS[:1], window_turns=4)
    for stamp, frame in enumerate(frames):
        engine.step(frame, float(stamp))
    plan = engine._places[0].plan
    chunk = plan.plan(np.zeros(3, np.bool_), 1)
    gone = chunk.positions - chunk.sink_positions
    # Turn 13 sees turns 10 to 13 and turn 14 sees 11 to 14: what lies before is as if never been.
    assert (gone[:, 0] == plan._starts[10] - plan.sink_length).all()
    assert (gone[:, 1:] == plan._starts[11] - plan.sink_length).all()


def test_what_unused_rows_hold_changes_nothing(random_model, frames, monkeypatch):
    directory, _ = random_model
    expected, _ = logits_of(directory, frames, window_turns=4)
    allocate = OnnxRuntimeBackend.allocate

    def poisoned(self, places, sink_rows, ring_rows):
        allocate(self, places, sink_rows, ring_rows)
        for cache in (*self._sink, *self._ring):
            cache.fill(np.nan)

    monkeypatch.setattr(OnnxRuntimeBackend, 'allocate', poisoned)
    np.testing.assert_array_equal(logits_of(directory, frames, window_turns=4)[0], expected)


def test_instructions_in_a_batch_decide_as_each_alone(random_model, frames):
    directory, _ = random_model
    together, _ = logits_of(directory, frames, window_turns=5)
    for index, question in enumerate(QUESTIONS):
        alone, _ = logits_of(directory, frames, window_turns=5, questions=(question,))
        np.testing.assert_allclose(together[:, index], alone[:, 0], atol=TOLERANCE)


def test_a_cancelled_instruction_leaves_the_others_as_they_were(random_model, frames):
    directory, _ = random_model
    alone, _ = logits_of(directory, frames, questions=QUESTIONS[1:])
    engine, backend = watching(directory)
    for stamp, frame in enumerate(frames):
        if stamp == 5:
            engine.watches[0].cancel()
        engine.step(frame, float(stamp))
    got = [logits[-1] for logits in backend.logits]
    np.testing.assert_allclose(np.stack(got), alone[:, 0], atol=TOLERANCE)


def test_an_answer_stays_in_the_context_as_trained(random_model, frames):
    """Answers, their spill into further slots included, equal one forward that contains them."""
    directory, model = random_model
    engine, backend = watching(directory, QUESTIONS[:1], max_answer_tokens=90)
    backend.silent = False
    said = []
    words = backend.words

    def remembering(hidden):
        logits = words(hidden)
        said.append(int(logits[0].argmax()))
        return logits

    backend.words = remembering
    checkpoint = load_checkpoint(directory)
    encode = checkpoint.tokenizer.encode
    ids = encode(
        system_pieces(checkpoint.system_prompt) + instruction_pieces(QUESTIONS[0]))
    due, got = [], []
    for tick, frame in enumerate(frames):
        said.clear()
        first = len(backend.logits)
        decision = engine.step(frame, float(tick))[0]
        got.append(backend.logits[first][0])
        ids += encode(open_turn(time_tag(tick, 1.0)), 16)
        due.append(len(ids) - 1)
        if decision.state is State.RESPONSE:
            answer = said[:-1] if decision.complete else said
            ids += [checkpoint.tokenizer.state_ids[State.RESPONSE], *answer]
            ids += encode(close_turn(None))
        else:
            ids += encode(close_turn(decision.state))
    assert len(backend.logits) > len(frames) + 60, 'no long answer was given: nothing was tested'
    tokens = np.asarray(ids)
    is_image = tokens == checkpoint.tokenizer.image_id
    before = [frames[0], *frames[:-1]]
    with torch.no_grad():
        embeds = model.get_input_embeddings()(torch.from_numpy(tokens))
        embeds[torch.from_numpy(is_image)] = model.model.visual(
            torch.from_numpy(np.concatenate([
                checkpoint.frame.patches(last, frame, checkpoint.vision)
                for last, frame in zip(before, frames, strict=True)])),
            grid_thw=torch.tensor([[1, 8, 8]] * len(frames))).pooler_output
        hidden = model.model.language_model(
            inputs_embeds=embeds[None], position_ids=torch.from_numpy(
                mrope_positions(is_image, (4, 4), 0)[0])[:, None]).last_hidden_state[0]
        expected = model.lm_head(hidden[due])[:, list(checkpoint.tokenizer.state_ids)]
    np.testing.assert_allclose(np.stack(got), expected.numpy(), atol=TOLERANCE)
