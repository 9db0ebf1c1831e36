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
nano's recipe: first the vision tower alone, then the whole model, on streams rendered on the fly.

``make nano`` runs it three times, each from the result of the one before. The training of other
checkpoints, `streamo train`, is in ``fine_tune``.

Matrices are trained with Muon and the rest with AdamW: with AdamW alone, training from random
weights did not converge at this size. The loss of states is plain cross-entropy over the
vocabulary; that of answers is averaged over their own tokens, since silence outnumbers them.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import string
import time

import numpy as np
from safetensors.torch import load_file
from safetensors.torch import save_file
import torch
from torch import nn
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from transformers import Qwen2_5_VLForConditionalGeneration

from streamo_ros.dialogue import Text
from streamo_ros.models import Checkpoint
from streamo_ros.models import load_checkpoint
from streamo_ros.models import read_checkpoint
from streamo_ros.models import StreamTokenizer
from streamo_ros.output import OutputFolder
from streamo_ros.training.compiled import speed_up
from streamo_ros.training.forked_workers import parents_garbage_kept
from streamo_ros.training.nano import nano_config
from streamo_ros.training.nano import new_model
from streamo_ros.training.nano import write_nano
from streamo_ros.training.sequence import IGNORED
from streamo_ros.training.sequence import TrainingSequence
from streamo_ros.training.sequence import window_mask
from streamo_ros.training.streams import PAIR_TRUTHS
from streamo_ros.training.streams import StreamDataset
from streamo_ros.training.streams import StreamExample
from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import NAMES

MUON_RATE, ADAM_RATE = 0.006, 1e-3
TURNS = 16
QUESTIONS = {'vision': (0, 0, 0, 0), 'stream': (2, 2, 2, 2, 0)}
"""Instructions for each stream of a step, by stage; every stream trains the vision tower."""

END_WEIGHT = 0.2
DIGIT_WEIGHT = 2.0
"""Weight of digits in spans and counts: the words around them are easy."""

VISION_WEIGHT = 0.3
NAMING_WEIGHT = 0.25
LENGTHS = 32
"""Sequences are padded to a multiple of this: kernels keep memory for each length they meet."""


@dataclass(frozen=True)
class TrainingPlan:
    """
    How long each stage takes, in optimizer steps.

    :param compiled: see ``compiled.speed_up``
    :param begin: a trained nano to start from; None starts from random weights
    """

    seed: int
    vision_steps: int
    steps: int
    save_every: int = 100
    compiled: bool = False
    begin: str | None = None


@dataclass(frozen=True)
class Rows:
    """
    Sequences side by side, padded on the right to one length.

    :param ids: (R, S)
    :param positions: (R, 3, S)
    :param is_image: (R, S)
    :param mask: (R, 1, S, S) True where a token attends to another
    :param state_labels: (R, S)
    :param text_labels: (R, S)
    :param stream: (R,) the stream that a row belongs to
    """

    ids: Tensor
    positions: Tensor
    is_image: Tensor
    mask: Tensor
    state_labels: Tensor
    text_labels: Tensor
    stream: Tensor


@dataclass(frozen=True)
class Batch:
    """Streams, the truth of their frames, and the sequences of their instructions."""

    patches: Tensor
    grid: Tensor
    pairs: Tensor
    cells: Tensor
    names: Tensor
    rows: Rows


class VisionHeads(nn.Module):
    """Auxiliary heads that predict changes from the visual tokens; dropped after training."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.pair = nn.Linear(2 * hidden, PAIR_TRUTHS)
        self.cell = nn.Linear(hidden, 2)
        self.names = nn.Linear(hidden, len(NAMES))

    def loss(self, tokens: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss of (frames, tokens, hidden) against the renderer's truth."""
        pooled = torch.cat([tokens.mean(1), tokens.amax(1)], -1)
        pairs = binary_cross_entropy_with_logits(self.pair(pooled).float(), batch.pairs)
        cells = binary_cross_entropy_with_logits(
            self.cell(tokens).float(), batch.cells.flatten(2).transpose(1, 2))
        names = batch.names.flatten(2).transpose(1, 2)
        logits = self.names(tokens).float()
        colours, kinds = slice(0, len(COLOURS)), slice(len(COLOURS), None)
        named = (naming_loss(logits[..., colours], names[..., colours])
                 + naming_loss(logits[..., kinds], names[..., kinds]))
        return pairs + cells + NAMING_WEIGHT * named


def naming_loss(logits: Tensor, shares: Tensor) -> Tensor:
    """
    Return the cross-entropy of the names in a token's cell, weighted by the share they cover.

    :param logits: (frames, tokens, names)
    :param shares: the same shape; NaN where there are no names
    """
    named = ~shares.isnan().any(-1)
    shares = shares[named]
    covered = shares.sum(-1)
    each = -(shares * logits[named].log_softmax(-1)).sum(-1)
    return each.sum() / covered.sum().clamp(min=1.0)


def collate(examples: list[StreamExample]) -> Batch:
    """Return examples as one batch of tensors."""
    patches = np.concatenate([example.patches for example in examples])
    side = int(patches.shape[1] ** 0.5)
    return Batch(
        patches=torch.from_numpy(patches.reshape(-1, patches.shape[-1])),
        grid=torch.tensor([[1, side, side]] * len(patches)),
        pairs=torch.from_numpy(np.concatenate([example.pairs for example in examples])),
        cells=torch.from_numpy(np.concatenate([example.cells for example in examples])),
        names=torch.from_numpy(np.concatenate([example.names for example in examples])),
        rows=pad_sequences(
            [sequence for example in examples for sequence in example.sequences],
            [window for example in examples for window in example.windows],
            [index for index, example in enumerate(examples) for _ in example.sequences]))


def pad_sequences(
    sequences: Sequence[TrainingSequence], windows: Sequence[int], streams: Sequence[int],
) -> Rows:
    """
    Return sequences side by side.

    :param windows: for each, the turns of its window
    :param streams: for each, the number of the stream that it belongs to
    """
    length = max((len(sequence.ids) for sequence in sequences), default=0)
    length += -length % LENGTHS

    def padded(values: list[np.ndarray], fill: int) -> Tensor:
        if not values:
            return torch.empty(0)
        return torch.from_numpy(np.stack([
            np.pad(value, [(0, 0)] * (value.ndim - 1) + [(0, length - value.shape[-1])],
                   constant_values=fill) for value in values]))

    return Rows(
        ids=padded([sequence.ids for sequence in sequences], 0),
        positions=padded([sequence.positions for sequence in sequences], 0),
        is_image=padded([sequence.is_image for sequence in sequences], 0),
        mask=_masks(sequences, windows, length),
        state_labels=padded([sequence.state_labels for sequence in sequences], IGNORED),
        text_labels=padded([sequence.text_labels for sequence in sequences], IGNORED),
        stream=torch.tensor(streams))


def _masks(
    sequences: Sequence[TrainingSequence], windows: Sequence[int], length: int,
) -> Tensor:
    # Padding comes last and attends to everything; its results are not used.
    masks = torch.ones(len(sequences), 1, length, length, dtype=torch.bool)
    for mask, sequence, window in zip(masks, sequences, windows, strict=True):
        turns = sequence.turns
        mask[0].tril_()
        mask[0, :len(turns), :len(turns)] = torch.from_numpy(
            window_mask(turns, window, sequence.blocks))
    return masks


def encode_images(model: Qwen2_5_VLForConditionalGeneration, batch: Batch) -> Tensor:
    """Return the visual tokens, (frames, tokens of a frame, hidden)."""
    tokens = model.model.visual(batch.patches, grid_thw=batch.grid).pooler_output
    return tokens.reshape(len(batch.grid), -1, tokens.shape[-1])


def stream_states(
    model: Qwen2_5_VLForConditionalGeneration, tokens: Tensor, rows: Rows
) -> Tensor:
    """Return the decoder's last states, (R, S, hidden); rows of a stream share its ``tokens``."""
    tokens = tokens.reshape(int(rows.stream[-1]) + 1, -1, tokens.shape[-1])[rows.stream]
    embeds = model.get_input_embeddings()(rows.ids).to(tokens.dtype)
    embeds = embeds.masked_scatter(rows.is_image[..., None].expand_as(embeds), tokens)
    states: Tensor = model.model.language_model(
        inputs_embeds=embeds, attention_mask={'full_attention': rows.mask},
        position_ids=rows.positions.transpose(0, 1), use_cache=False,
    ).last_hidden_state
    return states


def stream_loss(
    model: Qwen2_5_VLForConditionalGeneration, tokens: Tensor, rows: Rows, weights: Tensor,
) -> tuple[Tensor, Tensor]:
    """
    Return the losses of states and of answers.

    :param weights: (vocabulary,) weights of answer tokens
    """
    return losses(model.lm_head, stream_states(model, tokens, rows), rows, weights)


def losses(
    head: Callable[[Tensor], Tensor], hidden: Tensor, rows: Rows, weights: Tensor,
) -> tuple[Tensor, Tensor]:
    """
    Return the losses of states and of answers.

    :param hidden: (R, S, hidden) the decoder's last states
    :param weights: (vocabulary,) of the tokens of answers
    """
    at_state, at_text = rows.state_labels != IGNORED, rows.text_labels != IGNORED
    state = cross_entropy(head(hidden[at_state]).float(), rows.state_labels[at_state])
    labels = rows.text_labels[at_text]
    each = cross_entropy(head(hidden[at_text]).float(), labels, reduction='none')
    return state, (each * weights[labels]).sum() / weights[labels].sum().clamp(min=1.0)


def answer_weights(tokenizer: StreamTokenizer) -> Tensor:
    """Return the weights of answer tokens, (vocabulary,)."""
    weights = torch.ones(tokenizer.vocab_size)
    weights[tokenizer.end_id] = END_WEIGHT
    for digit in string.digits:
        weights[tokenizer.encode([Text(digit)])[-1]] = DIGIT_WEIGHT
    return weights


def optimizers(modules: list[nn.Module]) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices inside the networks and AdamW for all else."""
    matrices: list[Tensor] = []
    rest: list[Tensor] = []
    for module in modules:
        for name, weight in module.named_parameters():
            inner = weight.ndim == 2 and 'embed' not in name and 'lm_head' not in name
            (matrices if inner else rest).append(weight)
    # 'peak' is saved with the optimizer's state; 'lr' is set from it at each step.
    return [
        torch.optim.Muon([{'params': matrices, 'peak': MUON_RATE}], lr=MUON_RATE),
        torch.optim.AdamW([{'params': rest, 'peak': ADAM_RATE}], lr=ADAM_RATE, weight_decay=0.01)]


def rate_at(step: int, steps: int) -> float:
    """Return the share of the peak rate: short warm-up, constant to 30 %, then linear decay."""
    warm = min(1.0, (step + 1) / 20)
    return warm * min(1.0, (steps - step) / (0.7 * steps))


def train_nano(
    directory: Path, plan: TrainingPlan, log: Callable[[str], None] = print, log_every: int = 10,
) -> None:
    """
    Train nano into a directory that ``StreamEngine`` loads; an interrupted run is resumed.

    :param directory: receives the checkpoint, ``train.jsonl`` and, until done, ``resume.pt``
    :raises ValueError: when the checkpoint to start from has another tokenizer
    """
    write_nano(directory)
    checkpoint = read_checkpoint(directory)
    torch.manual_seed(plan.seed)
    model = new_model(nano_config(checkpoint.tokenizer))
    if plan.begin is not None:
        load_weights(model, load_checkpoint(plan.begin), checkpoint)
    if plan.compiled:
        speed_up(model)
    heads = VisionHeads(checkpoint.decoder.hidden)
    resume = directory / 'resume.pt'
    begun = torch.load(resume, weights_only=True) if resume.is_file() else None
    for stage, steps in (('vision', plan.vision_steps), ('stream', plan.steps)):
        if begun is not None and begun['stage'] == 'stream' and stage == 'vision':
            continue
        modules = [model.model.visual, heads] if stage == 'vision' else [model, heads]
        solvers = optimizers(modules)
        first = 0
        if begun is not None:
            model.load_state_dict(begun['model'])
            heads.load_state_dict(begun['heads'])
            for solver, state in zip(solvers, begun['solvers'], strict=True):
                solver.load_state_dict(state)
            first, begun = begun['step'], None
        for step, figures in _steps(stage, steps, first, plan, checkpoint, model, heads, solvers):
            line = json.dumps({'stage': stage, 'step': step, **figures})
            with (directory / 'train.jsonl').open('a', encoding='utf-8') as file:
                file.write(line + '\n')
            if step % log_every == 0:
                log(line)
            if (step + 1) % plan.save_every == 0:
                partial = resume.with_suffix('.partial')
                torch.save({
                    'stage': stage, 'step': step + 1, 'model': model.state_dict(),
                    'heads': heads.state_dict(),
                    'solvers': [solver.state_dict() for solver in solvers]}, partial)
                partial.replace(resume)
    save_weights(model, directory / 'model.safetensors')
    resume.unlink(missing_ok=True)


def save_weights(model: Qwen2_5_VLForConditionalGeneration, file: Path) -> None:
    """Write the weights as float16 under the names of published Qwen2.5-VL checkpoints."""
    state = model.state_dict()
    tensors = {
        published: state[name].detach().to(torch.float16).contiguous()
        for name, published in _published(model).items()}
    save_file(tensors, str(file), metadata={'format': 'pt'})


def load_weights(
    model: Qwen2_5_VLForConditionalGeneration, begin: Checkpoint, checkpoint: Checkpoint,
) -> None:
    """
    Load the weights of a checkpoint that ``save_weights`` wrote.

    :raises ValueError: when its tokenizer is not that of the checkpoint to be trained
    """
    files = [one.directory / 'tokenizer.json' for one in (begin, checkpoint)]
    if files[0].read_bytes() != files[1].read_bytes():
        raise ValueError(
            f'{files[0]} is not the tokenizer that the worlds of today give; train from nothing.')
    saved = load_file(begin.directory / 'model.safetensors')
    model.load_state_dict(
        {name: saved[published] for name, published in _published(model).items()}, strict=False)


def _published(model: Qwen2_5_VLForConditionalGeneration) -> dict[str, str]:
    """Return the published names of Qwen2.5-VL weights by the names in the model."""
    return {
        name: name.removeprefix('model.').replace('language_model.', 'model.')
        for name in model.state_dict() if name != 'lm_head.weight'}


def _steps(
    stage: str, steps: int, first: int, plan: TrainingPlan, checkpoint: Checkpoint,
    model: Qwen2_5_VLForConditionalGeneration, heads: VisionHeads,
    solvers: list[torch.optim.Optimizer],
) -> Iterator[tuple[int, dict[str, float]]]:
    questions = QUESTIONS[stage]
    asked = sum(number > 0 for number in questions)
    dataset = StreamDataset(
        checkpoint, seed=plan.seed + (stage == 'stream'), count=steps * len(questions),
        turns=TURNS, questions=questions, first=first * len(questions))
    loader = DataLoader(
        dataset, len(questions), num_workers=2, prefetch_factor=4, collate_fn=collate)
    weights = answer_weights(checkpoint.tokenizer)
    bf16 = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    with parents_garbage_kept():
        batches = iter(loader)
    for step, batch in enumerate(batches, first):
        begin = time.monotonic()
        with torch.autocast('cpu', torch.bfloat16, enabled=bf16):
            tokens = encode_images(model, batch)
            losses = {'sight': heads.loss(tokens, batch)}
            if stage == 'stream':
                losses['state'], losses['text'] = stream_loss(
                    model, tokens[:asked * TURNS], batch.rows, weights)
        total = losses['sight'] * (1.0 if stage == 'vision' else VISION_WEIGHT)
        total = total + losses.get('state', 0.0) + losses.get('text', 0.0)
        total.backward()
        for solver in solvers:
            for group in solver.param_groups:
                nn.utils.clip_grad_norm_(group['params'], 1.0)
                group['lr'] = group['peak'] * rate_at(step, steps)
            solver.step()
            solver.zero_grad(set_to_none=True)
        figures = {name: round(float(loss.detach()), 4) for name, loss in losses.items()}
        yield step, {**figures, 'seconds': round(time.monotonic() - begin, 3)}


def main() -> None:
    """Train nano from the command line."""
    parser = argparse.ArgumentParser(
        description='Train nano from nothing on rendered streams.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DIR',
        help='where the checkpoint goes; a run that was cut off there is resumed')
    parser.add_argument(
        '--begin', metavar='CHECKPOINT', help='a trained nano to go on from, instead of nothing')
    parser.add_argument('--seed', type=int, default=7, help='of weights and streams')
    parser.add_argument(
        '--vision-steps', type=int, default=1500, help='steps of the vision tower alone')
    parser.add_argument('--steps', type=int, default=3800, help='steps of the whole model')
    parser.add_argument('--threads', type=int, default=2, help='processor threads for torch')
    parser.add_argument(
        '--compile', action='store_true', help='twice as fast; takes a C++ compiler')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with OutputFolder(options.out, 'training of nano'):
        train_nano(options.out, TrainingPlan(
            options.seed, options.vision_steps, options.steps, compiled=options.compile,
            begin=options.begin))


if __name__ == '__main__':
    main()
