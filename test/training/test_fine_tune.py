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
"""
``streamo train``: every family learns, is saved, and is loaded by the engine as it was trained.

The engine, told the right states and words, computes what the trainer's forward does: positions,
masks and frames are the same.
"""

import json
from pathlib import Path
import shutil

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs torch')
for name in ('accelerate', 'peft', 'tensorboard', 'transformers'):
    pytest.importorskip(name, reason='training needs the train extras')

from random_model import SHAPES  # noqa: E402
from random_model import write_random  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from tiny_streams import PROMPT  # noqa: E402
from tiny_streams import QUESTION  # noqa: E402
from tiny_streams import SCRIPTS  # noqa: E402
from tiny_streams import write_streams  # noqa: E402
from transformers import AutoModelForImageTextToText  # noqa: E402

from streamo_ros.cli.main import main  # noqa: E402
from streamo_ros.dialogue import State  # noqa: E402
from streamo_ros.dialogue import STATE_TOKENS  # noqa: E402
from streamo_ros.dialogue import Text  # noqa: E402
from streamo_ros.engine import StreamEngine  # noqa: E402
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend  # noqa: E402
from streamo_ros.models import load_checkpoint  # noqa: E402
from streamo_ros.sources.stream_file import StreamFile  # noqa: E402
from streamo_ros.training.rows import frames_at  # noqa: E402
from streamo_ros.training.rows import Rows  # noqa: E402
from streamo_ros.training.rows import Source  # noqa: E402
from streamo_ros.training.stream_trainer import row_logits  # noqa: E402

MAX_TOKENS = 1000  # all three streams fit into one row


@pytest.fixture(scope='module')
def streams(tmp_path_factory):
    return write_streams(tmp_path_factory.mktemp('streams'))


@pytest.fixture(scope='module', autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more only wait for one another on models this small
    yield
    torch.set_num_threads(threads)


def train(checkpoint: Path | str, streams: Path, out: Path, *options: str, steps: int = 10):
    """Run the command; return its figures."""
    assert main([
        'train', str(checkpoint), str(streams), '--out', str(out), '--steps', str(steps),
        '--accumulate', '1', '--max-tokens', str(MAX_TOKENS), '--learning-rate', '3e-3',
        '--workers', '0', '--precision', 'float32', '--json', str(out) + '.json',
        *options]) == 0
    return json.loads(Path(str(out) + '.json').read_text(encoding='utf-8'))


@pytest.fixture(scope='module', params=SHAPES)
def trained(request, streams, tmp_path_factory):
    """Return a random checkpoint, what was made of it, and the figures of the run."""
    directory = tmp_path_factory.mktemp(request.param)
    write_random(request.param, directory / 'random')
    figures = train(
        directory / 'random', streams, directory / 'trained', '--evaluation', str(streams),
        '--save-every', '5')
    return directory / 'random', directory / 'trained', figures


def test_it_learns_what_it_is_shown(trained):
    _, _, figures = trained
    assert figures['steps'] == 10 and figures['refused'] == []
    assert figures['loss'][-1] < 0.2 * figures['loss'][0]
    assert figures['evaluation']['loss'] < 0.2 * figures['loss'][0]


def test_the_vision_tower_is_frozen_and_all_else_is_trained(trained):
    source, out, _ = trained
    before, after = (load_file(path / 'model.safetensors') for path in (source, out))
    assert before.keys() == after.keys()
    kept = {name for name in before if torch.equal(before[name], after[name])}
    tower = {
        name for name in before if 'merger' not in name and 'visual.connector' not in name
        and any(part in name for part in ('visual.', 'vision_tower.', 'vision_model.'))}
    assert kept == tower


class Teacher:
    """
    A backend that is told the right states and words, and keeps the states' logits.

    :param said: of each turn, the state and the ids that follow it
    """

    def __init__(self, backend, said):
        self._backend, self._said = backend, said
        self.static_shapes, self.dtype = backend.static_shapes, backend.dtype
        self.logits, self._words = [], []

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def step(self, first, inputs):
        outputs = self._backend.step(first, inputs)
        if not inputs.into_sink and inputs.embeds.shape[1] > 1:
            state, words = self._said[len(self.logits)]
            self.logits.append(outputs.states[0].copy())
            self._words = list(words)
            outputs.states[:] = -1e9
            outputs.states[:, state] = 1e9
        return outputs

    def compute_logits(self, hidden):
        logits = np.full_like(self._backend.compute_logits(hidden), -1e9)
        logits[:, self._words.pop(0)] = 1e9
        return logits


def as_the_engine_watches(checkpoint, stream, frames):
    """Return (turns, 3), the states' logits, the right history given at each turn."""
    tokenizer = checkpoint.tokenizer
    teacher = Teacher(OnnxRuntimeBackend(checkpoint), [
        (turn.state, [*tokenizer.encode([Text(' ' + turn.text)]), tokenizer.end_id])
        for turn in stream.turns])
    engine = StreamEngine(checkpoint, teacher)
    engine.watch(stream.turns[0].question)
    for turn, frame in zip(stream.turns, frames, strict=True):
        (decision,) = engine.step(frame, turn.start)
        assert (decision.state, decision.text) == (turn.state, turn.text)
    return np.stack(teacher.logits)


def test_the_engine_computes_what_the_trainer_does(trained, streams):
    """All streams in one row for the trainer, each alone for the engine."""
    _, out, _ = trained
    checkpoint = load_checkpoint(out)
    source = Source(StreamFile(streams), streams.parent, checkpoint, checkpoint.system_prompt)
    row = Rows(source, [[1, 0, 2]])[0]
    model = AutoModelForImageTextToText.from_pretrained(
        out, dtype=torch.float32, attn_implementation='sdpa').eval()
    with torch.no_grad():
        logits, at = row_logits(model, row, None)
    states = list(checkpoint.tokenizer.state_ids)
    due = torch.isin(row['labels'][0, at + 1], torch.tensor(states))
    trainers = logits[due][:, states].numpy()
    engines = [
        as_the_engine_watches(checkpoint, stream, frames_at(
            source.video(stream), [turn.start for turn in stream.turns]))
        for stream in (source.file[index] for index in (1, 0, 2))]
    np.testing.assert_allclose(trainers, np.concatenate(engines), rtol=0, atol=2e-4)


def test_the_engine_watches_with_it(trained, streams):
    _, out, _ = trained
    engine = StreamEngine.from_pretrained(out)
    assert engine.checkpoint.system_prompt == PROMPT
    engine.watch(QUESTION)
    for second, frame in enumerate(frames_at(streams.parent / '0.mp4', range(len(SCRIPTS[0])))):
        (decision,) = engine.step(frame, float(second))
        assert decision.state in State


def test_it_goes_on_from_its_last_checkpoint_to_the_same_bytes(trained, streams, tmp_path):
    source, out, _ = trained
    shutil.copytree(out, tmp_path / 'out')
    (tmp_path / 'out' / 'model.safetensors').unlink()
    shutil.rmtree(tmp_path / 'out' / 'training' / 'checkpoint-10')
    train(source, streams, tmp_path / 'out', '--evaluation', str(streams))
    assert (tmp_path / 'out' / 'model.safetensors').read_bytes() == (
        out / 'model.safetensors').read_bytes()


def test_the_log_is_tensorboards(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    _, out, figures = trained
    log = EventAccumulator(str(out / 'training' / 'log'))
    log.Reload()
    assert [scalar.value for scalar in log.Scalars('train/loss')] == pytest.approx(
        figures['loss'])
    assert log.Scalars('eval/state_macro_f1')[-1].value == pytest.approx(
        figures['evaluation']['state_macro_f1'])


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    """Return the checkpoint that is the quickest to train."""
    directory = tmp_path_factory.mktemp('smolvlm')
    write_random('smolvlm', directory)
    return directory


def test_a_model_that_knows_no_states_is_given_them(small, streams, tmp_path):
    """As models are published: no state tokens, no prompt, and no room for more tokens."""
    bare = tmp_path / 'bare'
    model = AutoModelForImageTextToText.from_pretrained(small)
    content = json.loads((small / 'tokenizer.json').read_text(encoding='utf-8'))
    # They have the last ids of the control tokens; the alphabet moves down into the gap.
    gone = {token['id'] for token in content['added_tokens'] if token['content'] in STATE_TOKENS}
    content['added_tokens'] = [
        token for token in content['added_tokens'] if token['id'] not in gone]
    content['model']['vocab'] = {
        token: index - len(gone) * (index > max(gone))
        for token, index in content['model']['vocab'].items() if index not in gone}
    model.resize_token_embeddings(len(content['model']['vocab']))
    model.save_pretrained(bare)
    (bare / 'tokenizer.json').write_text(json.dumps(content), encoding='utf-8')
    figures = train(bare, streams, tmp_path / 'out', steps=20)
    assert figures['loss'][-1] < 0.2 * figures['loss'][0]
    engine = StreamEngine.from_pretrained(tmp_path / 'out')
    vocabulary = len(content['model']['vocab'])
    assert engine.checkpoint.tokenizer.state_ids == tuple(
        range(vocabulary, vocabulary + 3))
    assert engine.checkpoint.decoder.vocab % 128 == 0
    assert engine.checkpoint.system_prompt == PROMPT
    engine.watch(QUESTION)
    assert engine.step(np.zeros((64, 80, 3), np.uint8), 0.0)[0].state in State


@pytest.mark.parametrize('family', ['smolvlm', 'internvl'])  # tied to the output head, and not
def test_adapters_are_trained_and_merged(family, streams, tmp_path):
    source = tmp_path / family
    write_random(family, source)
    figures = train(
        source, streams, tmp_path / 'out', '--lora', '4', '--learning-rate', '3e-2',
        '--save-every', '5', '--evaluation', str(streams))
    assert figures['loss'][-1] < 0.5 * figures['loss'][0]
    assert figures['evaluation']['loss'] < figures['loss'][0]
    before, after = (
        load_file(path / 'model.safetensors') for path in (source, tmp_path / 'out'))
    assert before.keys() == after.keys()
    states = list(load_checkpoint(source).tokenizer.state_ids)
    for name in before:
        changed = (before[name] != after[name]).flatten(1).any(1) if before[name].ndim > 1 else (
            before[name] != after[name])
        if 'embed_tokens' in name or 'lm_head' in name:
            assert changed.nonzero()[:, 0].tolist() == states
        else:
            adapted = '_proj' in name and 'layers' in name and 'vision' not in name
            connector = 'multi_modal_projector.linear' in name or 'connector' in name
            if name.endswith('.weight'):
                assert bool(changed.any()) == (adapted or connector), name
    StreamEngine.from_pretrained(tmp_path / 'out')
    # Cut off between its two checkpoints, it comes to the same.
    weights = (tmp_path / 'out' / 'model.safetensors').read_bytes()
    (tmp_path / 'out' / 'model.safetensors').unlink()
    shutil.rmtree(tmp_path / 'out' / 'training' / 'checkpoint-10')
    train(source, streams, tmp_path / 'out', '--lora', '4', '--learning-rate', '3e-2')
    assert (tmp_path / 'out' / 'model.safetensors').read_bytes() == weights


def test_a_window_is_trained_and_written_down(small, streams, tmp_path):
    whole = train(small, streams, tmp_path / 'whole', steps=1)
    window = train(small, streams, tmp_path / 'window', '--window', '2', steps=1)
    assert whole['loss'] != window['loss']
    assert load_checkpoint(tmp_path / 'window').window_turns == 2
    assert load_checkpoint(tmp_path / 'whole').window_turns == load_checkpoint(small).window_turns


def test_nano_is_a_checkpoint_like_any(streams, tmp_path):
    figures = train('nano', streams, tmp_path / 'out', steps=2)
    assert figures['steps'] == 2
    before = load_checkpoint('nano')
    after = load_checkpoint(tmp_path / 'out')
    assert before.frame == after.frame
    assert before.weights.keys() == after.weights.keys()
    # It is stored in what it was stored in.
    weights = load_file(tmp_path / 'out' / 'model.safetensors')
    assert {weight.dtype for weight in weights.values()} == {torch.float16}


def test_a_finished_run_is_not_trained_further(small, streams, tmp_path):
    train(small, streams, tmp_path / 'out', steps=2)
    weights = (tmp_path / 'out' / 'model.safetensors').read_bytes()
    train(small, streams, tmp_path / 'out', steps=2)
    assert (tmp_path / 'out' / 'model.safetensors').read_bytes() == weights


def failing(capsys, *arguments):
    """Return the sentence that a command ends with."""
    assert main(['train', *map(str, arguments)]) == 1
    printed = [line for line in capsys.readouterr().err.splitlines()
               if line.startswith('streamo: ') and 'left out' not in line]
    (sentence,) = printed
    return sentence


def test_another_run_in_the_same_directory_is_refused(small, streams, tmp_path, capsys):
    train(small, streams, tmp_path / 'out', steps=1)
    sentence = failing(
        capsys, small, streams, '--out', tmp_path / 'out', '--steps', '1', '--loss', 'fixed')
    assert 'loss' in sentence and 'was begun' in sentence


def test_what_cannot_be_trained_ends_with_one_sentence(small, streams, tmp_path, capsys):
    out = tmp_path / 'out'
    assert 'nowhere is no directory' in failing(
        capsys, tmp_path / 'nowhere', streams, '--out', out)
    assert 'cannot be read' in failing(
        capsys, small, tmp_path / 'nowhere.json', '--out', out)
    assert 'did not make' in failing(
        capsys, small, streams, '--out', small)
    assert 'no record' in failing(
        capsys, small, streams, '--out', out, '--max-tokens', '20')


def test_balanced_classes_and_a_share_of_the_states_train_and_are_of_the_run(
        streams, tmp_path, capsys):
    write_random('qwen2_5_vl', tmp_path / 'random')
    options = ('--loss', 'class_balanced', '--beta', '0.99', '--state-share', '0.275')
    figures = train(tmp_path / 'random', streams, tmp_path / 'out', *options, steps=3)
    assert figures['steps'] == 3 and figures['loss'][-1] < figures['loss'][0]
    plan = tmp_path / 'out' / 'training' / 'plan.json'
    begun = json.loads(plan.read_text())
    assert (begun['loss'], begun['beta'], begun['state_share']) == ('class_balanced', 0.99, 0.275)
    with pytest.raises(AssertionError):
        train(tmp_path / 'random', streams, tmp_path / 'out', *options[:4], steps=3)
    assert 'a run with another state_share' in capsys.readouterr().err
    # A run that was begun before there was the setting had all states.
    del begun['state_share']
    plan.write_text(json.dumps(begun))
    train(tmp_path / 'random', streams, tmp_path / 'out', *options[:4], steps=3)


@pytest.mark.parametrize('options', [['--beta', '1'], ['--beta', '-1'], ['--state-share', '1.1'],
                                     ['--state-share', 'nan']])
def test_shares_that_make_no_sense_are_wrong_usage(options):
    with pytest.raises(SystemExit) as ended:
        main(['train', 'nano', 'data.json', '--out', 'out', *options])
    assert ended.value.code == 2
