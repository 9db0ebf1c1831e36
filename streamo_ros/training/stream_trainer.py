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
transformers' Trainer for rows of streams: the stream's loss and mask, scores of its states.

Checkpoints are written aside and renamed, so that a killed run never leaves half of one.
"""

from collections.abc import Mapping
import os
from pathlib import Path
import shutil
from typing import Any

from peft import PeftModel
import torch
from torch import nn
from torch import Tensor
from torch.utils.data import SequentialSampler
from transformers import AutoModelForImageTextToText
from transformers import EvalPrediction
from transformers import Trainer
from transformers.trainer_utils import rotate_checkpoints

from streamo_ros.dialogue import State
from streamo_ros.metrics.state_tally import StateTally
from streamo_ros.models import small_torch  # noqa: F401 - makes transformers know the family
from streamo_ros.training.loss import StreamLoss
from streamo_ros.training.rows import visible_mask
from streamo_ros.training.sequence import IGNORED

KEPT = 2
"""Checkpoints of a run that are kept."""


class StreamTrainer(Trainer):
    """
    transformers' Trainer with the stream's loss, mask and scores, and atomic saves.

    :param loss: of one row
    :param window_turns: turns of the window; None for the whole stream
    """

    def __init__(self, loss: StreamLoss, window_turns: int | None, **arguments: Any) -> None:
        super().__init__(compute_metrics=self._scores, **arguments)
        self._loss, self._window_turns = loss, window_turns
        # Trainer counts the supervised tokens of a whole step; the loss divides by them.
        self.model_accepts_loss_kwargs = self.loss_is_scaled_for_ga = True
        self._saving: str | None = None

    def compute_loss(
        self, model: nn.Module, inputs: Mapping[str, Tensor], return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Return a row's loss, and if asked the most likely state at each supervised token."""
        logits, at = row_logits(model, inputs, self._window_turns)
        labels = inputs['labels']
        if not model.training:
            num_items_in_batch = None  # the mean over one stream, for any number of processes
        loss = self._loss(logits, labels[0, at + 1], num_items_in_batch)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            # Tokens are counted over all processes, and gradients are averaged over them.
            loss = loss * self.accelerator.num_processes
        if not return_outputs:
            return loss
        said = torch.full_like(labels, IGNORED)
        said[0, at + 1] = logits[:, list(self._loss.state_ids)].argmax(-1)
        return loss, {'said': said}

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        # The rows are already in the order that the seed gives.
        return SequentialSampler(train_dataset or self.train_dataset)

    def _scores(self, evaluated: EvalPrediction) -> dict[str, float]:
        tally = StateTally()
        states = dict(zip(self._loss.state_ids, State, strict=True))
        for labels, said in zip(evaluated.label_ids, evaluated.predictions, strict=True):
            turns = [at for at, label in enumerate(labels) if label in states]
            tally.add((states[labels[at]] for at in turns), (State(said[at]) for at in turns))
        return tally.figures()

    def _get_output_dir(self, trial: Any) -> str:
        return self._saving or super()._get_output_dir(trial)

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        """Load all weights, or fail."""
        model = model or self.model
        if self.is_fsdp_enabled or isinstance(model, PeftModel):
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        # Models are saved under their published names. Trainer looks for the names in memory,
        # finds none of Qwen2.5-VL's, and would silently keep the weights that it started from.
        saved = AutoModelForImageTextToText.from_pretrained(
            resume_from_checkpoint, dtype=torch.float32, local_files_only=True,
            use_safetensors=True, trust_remote_code=False)
        model.load_state_dict(saved.state_dict())

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Save elsewhere and rename, so that a killed run leaves a whole checkpoint or none."""
        run = Path(self.args.output_dir)
        aside = run / 'saving'
        if self.args.should_save:
            shutil.rmtree(aside, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        self._saving = str(aside)
        super()._save_checkpoint(model, trial)
        self._saving = None
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            _sync(aside)
            for checkpoint in aside.iterdir():
                # A run may have been killed after this rename in the same step.
                shutil.rmtree(run / checkpoint.name, ignore_errors=True)
                checkpoint.replace(run / checkpoint.name)
            aside.rmdir()
            rotate_checkpoints(str(run), KEPT)
        self.accelerator.wait_for_everyone()


def row_logits(
    model: nn.Module, inputs: Mapping[str, Tensor], window_turns: int | None
) -> tuple[Tensor, Tensor]:
    """
    Return (M, vocabulary), the logits of all supervised tokens, and (M,) where they stand.

    A token's logits stand at the token before it. The LM head is computed for these alone.

    :param inputs: one of ``Rows``
    """
    inputs = dict(inputs)
    labels, streams, turns, blocks = (
        inputs.pop(name) for name in ('labels', 'streams', 'turns', 'blocks'))
    at = (labels[0, 1:] != IGNORED).nonzero()[:, 0]
    return model(
        **inputs, attention_mask=visible_mask(streams, turns, window_turns, blocks),
        logits_to_keep=at, use_cache=False).logits[0], at


def _sync(directory: Path) -> None:
    for file in directory.rglob('*'):
        if file.is_file():
            with file.open('rb') as opened:
                os.fsync(opened.fileno())
