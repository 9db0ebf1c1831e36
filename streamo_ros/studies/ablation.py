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
What the paper's choices are worth at nano's scale (``streamo study ablation``).

A decoder of nano's shape is trained on the sentry's tasks from random weights at 1 fps, behind
nano's own vision tower, which is frozen. It is then run by the engine on objects, textures and
words that it was not trained on. Each variant changes one thing: the loss (paper, Table 4), the
number of states (Table 7), the window, or the frame rate of the test. Each is trained with several
seeds on the same streams.
"""

import argparse
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
import json
from pathlib import Path
import shutil
import statistics
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn
from tqdm import tqdm
from transformers import Qwen2_5_VLForConditionalGeneration

from streamo_ros.dialogue import Chat
from streamo_ros.dialogue import Control
from streamo_ros.dialogue import PromptSegment
from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.dialogue import time_tag
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.evaluation.tally import Scores
from streamo_ros.evaluation.tally import tally
from streamo_ros.models import Checkpoint
from streamo_ros.models import load_checkpoint
from streamo_ros.models import read_checkpoint
from streamo_ros.models import StreamTokenizer
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import OutputFolder
from streamo_ros.training.compiled import speed_up
from streamo_ros.training.loss import StreamLoss
from streamo_ros.training.nano import nano_config
from streamo_ros.training.nano import new_model
from streamo_ros.training.nano import write_nano
from streamo_ros.training.sequence import build_sequence
from streamo_ros.training.sequence import IGNORED
from streamo_ros.training.sequence import TrainingSequence
from streamo_ros.training.sequence import TrainingTurn
from streamo_ros.training.train import optimizers
from streamo_ros.training.train import pad_sequences
from streamo_ros.training.train import rate_at
from streamo_ros.training.train import save_weights
from streamo_ros.training.train import stream_states
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import Stream

SILENCE, STANDBY, _ = STATE_TOKENS
SENTRY = 'sentry'


@dataclass(frozen=True)
class Variant:
    """
    What one variant changes.

    :param loss: a kind of ``StreamLoss``
    :param states: 3; 2, without Standby; 1, where the end of the turn stands for silence
    """

    name: str
    loss: str = 'cross_entropy'
    states: int = 3


VARIANTS = (
    Variant('cross-entropy'), Variant('fixed weights', loss='fixed'),
    Variant('focal', loss='focal'), Variant('two states', states=2),
    Variant('one state', states=1))
FIGURES = (
    'state_macro_f1', 'event_f1', 'event_precision', 'event_recall', 'grounding_miou',
    'answer_accuracy', 'false_alarms_per_5min')


@dataclass(frozen=True)
class Plan:
    """
    The sizes of a run.

    :param streams: training streams
    :param turns: turns of each
    :param steps: optimizer steps
    :param rows: sequences a step
    :param long_streams: longer streams on which the first variant is trained further, so that it
        can use the longest of ``windows``
    :param long_turns: turns of each
    """

    streams: int = 1200
    turns: int = 12
    steps: int = 500
    rows: int = 8
    questions: int = 2
    long_streams: int = 60
    long_turns: int = 70
    long_steps: int = 60
    windows: tuple[int, ...] = (15, 30, 60)
    tested: int = 60
    tested_turns: int = 20


@dataclass(frozen=True)
class EncodedStream:
    """
    A stream behind the frozen vision tower, and what is asked of it.

    :param tokens: (T, visual tokens of a frame, hidden)
    """

    tokens: NDArray[np.float16]
    questions: tuple[Question, ...]


class FewerStates(StreamTokenizer):
    """
    A tokenizer that writes some control tokens as others.

    :param instead: the token that is written for each that is replaced
    """

    def __init__(self, file: Path, chat: Chat, instead: Mapping[str, str]) -> None:
        self._instead: Mapping[str, str] = {}
        super().__init__(file, chat)
        self._instead = instead
        self.state_ids = tuple(self.encode([state])[0] for state in chat.states)

    def encode(self, segments: Iterable[PromptSegment], image_tokens: int = 0) -> list[int]:
        """Return the token ids of prompt segments."""
        return super().encode((
            Control(self._instead.get(segment.token, segment.token))
            if isinstance(segment, Control) else segment for segment in segments), image_tokens)


def with_states(checkpoint: Checkpoint, states: int) -> Checkpoint:
    """Return the checkpoint with 3, 2 or 1 states, see ``Variant``."""
    end = checkpoint.tokenizer.chat.end
    instead = {3: {}, 2: {STANDBY: SILENCE}, 1: {STANDBY: end, SILENCE: end}}[states]
    return replace(checkpoint, tokenizer=FewerStates(
        checkpoint.directory / 'tokenizer.json', checkpoint.tokenizer.chat, instead))


def draw(split: str, seed: int, index: int, turns: int, questions: int, rate: float) -> Stream:
    """Return a stream of the sentry."""
    return draw_stream(
        np.random.default_rng([seed, index]), split=split, turns=turns, questions=questions,
        world=SENTRY, rate=rate)


def encode_stream(
    model: Qwen2_5_VLForConditionalGeneration, checkpoint: Checkpoint, stream: Stream,
) -> EncodedStream:
    """Run the vision tower over a stream."""
    spec, vision = checkpoint.frame, checkpoint.vision
    before = [stream.frames[0], *stream.frames[:-1]]
    patches = np.concatenate([
        spec.normalise(spec.cut(last, frame, vision), vision)
        for last, frame in zip(before, stream.frames, strict=True)])
    assert spec.size is not None
    side = [pixels // vision.patch for pixels in spec.size]
    with torch.no_grad():
        tokens = model.model.visual(
            torch.from_numpy(patches), grid_thw=torch.tensor([[1, *side]] * len(before)),
        ).pooler_output
    return EncodedStream(
        tokens.reshape(len(before), -1, tokens.shape[-1]).to(torch.float16).numpy(),
        stream.questions)


def sequence_of(
    checkpoint: Checkpoint, question: Question, start: int,
) -> TrainingSequence:
    """Return a question's whole stream as one sequence, its first tick numbered ``start``."""
    spec = checkpoint.frame.size
    assert spec is not None
    return build_sequence(
        checkpoint.tokenizer, checkpoint.system_prompt, question.text,
        [time_tag(start + tick, question.rate) for tick in range(len(question.right))],
        [TrainingTurn(truth.state, truth.text, truth.state, truth.counted)
         for truth in question.truths(start)],
        (spec[0] // checkpoint.vision.cell, spec[1] // checkpoint.vision.cell))


def train(
    model: Qwen2_5_VLForConditionalGeneration, checkpoint: Checkpoint,
    streams: Sequence[EncodedStream], loss: StreamLoss, *, steps: int, rows: int,
    windows: Sequence[int], seed: int,
) -> None:
    """Train the decoder; the seed draws the sequences of each step, and a window for each."""
    rng = np.random.default_rng(seed)
    pairs = [(stream, question) for stream in streams for question in stream.questions]
    solvers = optimizers([model.model.language_model])
    for step in tqdm(range(steps), unit=' step', leave=False):
        drawn = [pairs[index] for index in rng.choice(len(pairs), rows, replace=False)]
        starts = [0 if rng.random() < 0.4 else int(np.exp(rng.uniform(0, np.log(40000))))
                  for _ in drawn]
        batch = pad_sequences(
            [sequence_of(checkpoint, question, start)
             for (_, question), start in zip(drawn, starts, strict=True)],
            rng.choice(windows, rows).tolist(), list(range(rows)))
        tokens = torch.from_numpy(np.concatenate([stream.tokens for stream, _ in drawn]))
        with torch.autocast('cpu', torch.bfloat16):
            hidden = stream_states(model, tokens.to(torch.bfloat16), batch)
            labels = torch.where(
                batch.state_labels != IGNORED, batch.state_labels, batch.text_labels)
            supervised = labels != IGNORED
            logits = model.lm_head(hidden[supervised])
        loss(logits, labels[supervised]).backward()
        for solver in solvers:
            for group in solver.param_groups:
                nn.utils.clip_grad_norm_(group['params'], 1.0)
                group['lr'] = group['peak'] * rate_at(step, steps)
            solver.step()
            solver.zero_grad(set_to_none=True)


def test(
    checkpoint: Checkpoint, streams: Sequence[Stream], window_turns: int,
) -> dict[str, float | None]:
    """Run the engine on streams of one frame rate; return the ``FIGURES``."""
    scores = Scores()
    engine = StreamEngine(
        checkpoint, new_backend('onnxruntime', checkpoint), window_turns=window_turns,
        fps=streams[0].rate)
    for stream in streams:
        engine.restart(question.text for question in stream.questions)
        ticks = [engine.step(*seen) for seen in zip(stream.frames, stream.stamps, strict=True)]
        for place, question in enumerate(stream.questions):
            scores.add(SENTRY, question, tally(
                question, [decisions[place].state for decisions in ticks],
                [decisions[place].text for decisions in ticks],
                stream.stamps[-1] - stream.stamps[0]))
    figures = scores.figures()
    return {name: figures[name] for name in FIGURES}


class Ablation:
    """
    All variants, one seed after another; what ``out`` holds already is not done again.

    :param eyes: the checkpoint whose vision tower is used
    :param out: ``figures.json`` is written here after each variant
    """

    def __init__(self, eyes: str, out: Path, plan: Plan) -> None:
        self._out = out
        self._plan = plan
        write_nano(out / 'decoder')
        self._checkpoint = read_checkpoint(out / 'decoder')
        donor = load_checkpoint(eyes)
        self._vision_weights = {
            name: torch.from_numpy(value) for name, value in donor.weights.items()
            if name.startswith('visual.')}
        self._file = out / 'figures.json'
        self.figures: dict[str, dict[str, Any]] = (
            json.loads(self._file.read_text()) if self._file.is_file() else {})

    def run(self, seeds: int) -> None:
        """Train and test whatever is not yet in ``figures``."""
        plan = self._plan
        streams = self._encoded('streams', plan.streams, plan.turns, 1)
        for seed in range(seeds):
            for variant in VARIANTS:
                if str(seed) not in self.figures.get(variant.name, {}):
                    self._variant(variant, seed, streams)

    def _variant(self, variant: Variant, seed: int, streams: Sequence[EncodedStream]) -> None:
        plan, checkpoint = self._plan, with_states(self._checkpoint, variant.states)
        model = self._fresh(seed)
        loss = StreamLoss(checkpoint.tokenizer.state_ids, kind=variant.loss)
        train(model, checkpoint, streams, loss, steps=plan.steps, rows=plan.rows,
              windows=(plan.turns,), seed=seed)
        tested = self._tested(plan.tested, plan.tested_turns, 1.0)
        # The window that they were trained with: a whole training stream.
        self._put(variant.name, seed, test(self._saved(model, checkpoint), tested, plan.turns))
        if variant != VARIANTS[0]:
            return
        self._put('tested at 2 fps', seed, test(
            self._saved(model, checkpoint),
            self._tested(plan.tested, 2 * plan.tested_turns, 2.0), plan.turns))
        streams = self._encoded('long', plan.long_streams, plan.long_turns, 2)
        train(model, checkpoint, streams, loss,
              steps=plan.long_steps, rows=2, windows=plan.windows, seed=seed)
        tested = self._tested(plan.tested // 4, plan.long_turns + 20, 1.0)
        for window in plan.windows:
            self._put(f'window of {window} turns', seed, test(
                self._saved(model, checkpoint), tested, window))

    def _fresh(self, seed: int) -> Qwen2_5_VLForConditionalGeneration:
        torch.manual_seed(seed)
        model = new_model(nano_config(self._checkpoint.tokenizer))
        names = {name.removeprefix('model.'): name for name in model.state_dict()}
        mismatch = model.load_state_dict(
            {names[name]: value for name, value in self._vision_weights.items()}, strict=False)
        assert not mismatch.unexpected_keys
        assert not [name for name in mismatch.missing_keys if '.visual.' in name]
        model.model.visual.requires_grad_(False)
        speed_up(model)
        return model

    def _encoded(self, name: str, count: int, turns: int, seed: int) -> list[EncodedStream]:
        """Return encoded training streams, from disk where they are."""
        file = self._out / f'{name}.pt'
        if file.is_file():
            return [EncodedStream(*kept) for kept in torch.load(file, weights_only=False)]
        model = self._fresh(0)
        encoded = [
            encode_stream(model, self._checkpoint,
                 draw('train', seed, index, turns, self._plan.questions, 1.0))
            for index in tqdm(range(count), unit=' stream', desc=name)]
        partial = file.with_suffix('.partial')
        torch.save([(one.tokens, one.questions) for one in encoded], partial)
        partial.replace(file)
        return encoded

    def _tested(self, count: int, turns: int, rate: float) -> list[Stream]:
        return [draw('test', 3, index, turns, 3 if turns < 60 else 1, rate)
                for index in range(count)]

    def _saved(
        self, model: Qwen2_5_VLForConditionalGeneration, checkpoint: Checkpoint,
    ) -> Checkpoint:
        directory = self._out / 'tested'
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(checkpoint.directory, directory)
        save_weights(model, directory / 'model.safetensors')
        return replace(load_checkpoint(directory), tokenizer=checkpoint.tokenizer)

    def _put(self, name: str, seed: int, figures: dict[str, float | None]) -> None:
        self.figures.setdefault(name, {})[str(seed)] = figures
        partial = self._file.with_suffix('.partial')
        partial.write_text(json.dumps(self.figures, indent=2) + '\n', encoding='utf-8')
        partial.replace(self._file)


def table(figures: dict[str, dict[str, Any]]) -> str:
    """Return the figures as a Markdown table: mean and, in brackets, range over the seeds."""
    heads = [name.replace('_', ' ') for name in FIGURES]
    lines = ['| variant | ' + ' | '.join(heads) + ' |', '|---|' + '---|' * len(heads)]
    for name, seeds in figures.items():
        cells = []
        for figure in FIGURES:
            values = [row[figure] for row in seeds.values() if row[figure] is not None]
            cells.append(
                f'{statistics.fmean(values):.2f} ({max(values) - min(values):.2f})'
                if values else '-')
        lines.append(f'| {name} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DIR',
        help='where figures go; an interrupted run is resumed')
    parser.add_argument('--eyes', default='nano', help='checkpoint whose vision tower is used')
    parser.add_argument('--seeds', type=positive_count, default=3)
    parser.add_argument(
        '--threads', type=positive_count, default=2, help='processor threads for torch')


def main(options: argparse.Namespace) -> None:
    """Train and test, and print the table."""
    torch.set_num_threads(options.threads)
    with OutputFolder(options.out, 'ablation'):
        ablation = Ablation(options.eyes, options.out, Plan())
        ablation.run(options.seeds)
    print(table(ablation.figures))
