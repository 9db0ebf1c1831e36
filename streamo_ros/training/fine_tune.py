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
r"""
``streamo train``: the paper's training of a checkpoint, on transformers' Trainer and accelerate.

The vision tower is frozen; the connector and the language model are trained (paper, Section 5.3).
transformers' modules run with this package's positions, mask and frames, so that training computes
what the engine computes. nano's recipe from random weights is in ``train``.

Several devices need only a launcher. The paper's training of a 3B or 7B checkpoint (8 devices,
learning rate 1e-5, 512 rows a step, one epoch)::

    accelerate launch --num_processes 8 --mixed_precision bf16 --use_fsdp --fsdp_version 2 \
        --fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP --fsdp_state_dict_type FULL_STATE_DICT \
        $(command -v streamo) train Qwen2.5-VL-7B-Instruct stream.json --out streamo-7b \
        --learning-rate 1e-5 --accumulate 64 --gradient-checkpointing

or, for DeepSpeed's ZeRO-3 (not tested), in place of the options for FSDP::

    --use_deepspeed --zero_stage 3 --zero3_save_16bit_model true --gradient_accumulation_steps 64

A row holds as many streams as fit into ``--max-tokens``, where the authors' hold one: with short
streams, fewer rows make the same batch.
"""

from contextlib import ExitStack
from contextlib import suppress
from dataclasses import asdict
from dataclasses import dataclass
import json
import math
from pathlib import Path
import sys
from typing import Any

from accelerate.utils import broadcast_object_list
from peft import get_peft_model
from peft import LoraConfig
from tokenizers import Tokenizer
import torch
from torch import nn
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm
from transformers import AutoModelForImageTextToText
from transformers import TrainingArguments
from transformers.integrations import TensorBoardCallback
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils.logging import disable_progress_bar

from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError
from streamo_ros.models import read_checkpoint
from streamo_ros.models.errors import brief
from streamo_ros.output import OutputFolder
from streamo_ros.sources.stream_file import DataError
from streamo_ros.sources.stream_file import StreamFile
from streamo_ros.training.forked_workers import parents_garbage_kept
from streamo_ros.training.loss import registered_state_ids
from streamo_ros.training.loss import StreamLoss
from streamo_ros.training.new_checkpoint import begin_checkpoint
from streamo_ros.training.new_checkpoint import finish_checkpoint
from streamo_ros.training.new_checkpoint import source_directory
from streamo_ros.training.rows import pack
from streamo_ros.training.rows import Rows
from streamo_ros.training.rows import Source
from streamo_ros.training.rows import survey
from streamo_ros.training.stream_trainer import StreamTrainer

WARM_UP = 0.05
WEIGHT_DECAY = 0.1

_TOWERS = ('visual.', 'vision_tower.', 'vision_model.')
_CONNECTORS = ('merger', 'visual.connector')  # those that lie in what is called the tower
_EMBEDDING_MULTIPLE = 128  # rows of a grown embedding, as in the authors' trainer


@dataclass(frozen=True)
class FineTuning:
    """
    The settings of a run.

    :param checkpoint: ``nano`` or a directory of any family that the engine runs
    :param data: streams, as ``streamo convert`` writes them
    :param out: receives the checkpoint and, in ``training``, the state of the run
    :param videos: the directory that the records' paths start from; None takes the data's
    :param evaluation: streams that the states are scored on whenever the run is saved
    :param steps: optimizer steps; None goes through the data ``epochs`` times
    :param accumulate: rows that each process goes through for one step
    :param max_tokens: of a row, which holds as many streams as fit
    :param window_turns: turns of the window; None for the whole stream, as in the paper
    :param memory_tokens: for the memory of answers; None takes the checkpoint's own number
    :param loss: kind, gamma, alpha and beta: see ``StreamLoss``
    :param state_share: of the states that do not change, the supervised ones: see ``thinned``
    :param lora: rank of adapters that are trained in place of the weights; None trains the weights
    :param precision: ``bf16``, ``float32``, or ``auto`` for bf16 where the machine has it
    :param workers: processes that read videos
    """

    checkpoint: str
    data: Path
    out: Path
    videos: Path | None = None
    evaluation: Path | None = None
    epochs: int = 1
    steps: int | None = None
    learning_rate: float = 1e-5
    accumulate: int = 64
    max_tokens: int = 32768
    window_turns: int | None = None
    memory_tokens: int | None = None
    loss: str = 'focal'
    gamma: float = 2.0
    alpha: str | tuple[float, ...] = 'present'
    beta: float = 0.9999
    state_share: float = 1.0
    lora: int | None = None
    gradient_checkpointing: bool = False
    save_every: int = 100
    seed: int = 1
    precision: str = 'auto'
    workers: int = 2


def fine_tune(plan: FineTuning) -> dict[str, Any] | None:
    """
    Train a checkpoint; an interrupted run in the same directory is resumed.

    :returns: what was done and, with evaluation data, the scores of the states; None in all
        processes but the first
    :raises CheckpointError: when the checkpoint cannot be used
    :raises DataError: when no record can be used, or the directory holds another run
    :raises OutputError: when the directory holds something else, or is in use
    """
    with ExitStack() as folder:  # in use by this run, until it ends
        return _fine_tune(plan, folder)


def _fine_tune(plan: FineTuning, folder: ExitStack) -> dict[str, Any] | None:
    bf16 = _has_bf16() if plan.precision == 'auto' else plan.precision == 'bf16'
    directory = source_directory(plan.checkpoint)
    run = plan.out / 'training'
    arguments = TrainingArguments(
        output_dir=str(run), per_device_train_batch_size=1, per_device_eval_batch_size=1,
        gradient_accumulation_steps=plan.accumulate, learning_rate=plan.learning_rate,
        lr_scheduler_type='cosine', warmup_steps=WARM_UP, weight_decay=WEIGHT_DECAY,
        bf16=bf16, use_cpu=not torch.cuda.is_available(), seed=plan.seed,
        gradient_checkpointing=plan.gradient_checkpointing or None, save_steps=plan.save_every,
        eval_strategy='steps' if plan.evaluation else 'no', eval_steps=plan.save_every,
        logging_steps=1, logging_nan_inf_filter=False, report_to='none',
        disable_tqdm=not sys.stderr.isatty(), remove_unused_columns=False,
        ddp_find_unused_parameters=False, dataloader_num_workers=plan.workers)
    if arguments.disable_tqdm:
        disable_progress_bar()
    file = StreamFile(plan.data)
    with arguments.main_process_first():
        if arguments.local_process_index == 0:
            folder.enter_context(OutputFolder(plan.out, 'training'))
            _claim(run, plan, processes=arguments.world_size, records=len(file))
            begin_checkpoint(directory, plan.out, _system_prompt(file), plan.window_turns,
                             plan.memory_tokens)
        checkpoint = read_checkpoint(plan.out)
    source = _source(file, plan.videos or plan.data.parent, checkpoint)
    lengths, refused = _survey(source, plan.max_tokens, arguments)
    a_step = plan.accumulate * arguments.world_size
    rows: list[list[int]] = []
    passes = 0
    while passes < plan.epochs if plan.steps is None else len(rows) < plan.steps * a_step:
        rows += pack(lengths, plan.max_tokens, plan.seed + passes)
        passes += 1
    arguments.max_steps = plan.steps or math.ceil(len(rows) / a_step)
    model, dtype = _model(directory, checkpoint, plan)
    loss = StreamLoss(
        registered_state_ids(Tokenizer.from_file(str(plan.out / 'tokenizer.json'))), plan.loss,
        plan.gamma, plan.alpha, plan.beta)
    trainer = StreamTrainer(
        loss, plan.window_turns, model=model, args=arguments, data_collator=_alone,
        train_dataset=Rows(source, rows, plan.state_share, plan.seed),
        eval_dataset=_evaluation(plan, checkpoint, arguments))
    if plan.lora and (trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled):
        raise CheckpointError(
            'adapters are merged at the end, which takes the whole model on each device: launch '
            'without FSDP and DeepSpeed')
    resumed = get_last_checkpoint(str(run))
    if arguments.process_index == 0:
        trainer.add_callback(TensorBoardCallback(SummaryWriter(
            str(run / 'log'), purge_step=int(resumed.rsplit('-')[-1]) if resumed else None)))
    with parents_garbage_kept():
        trainer.train(resume_from_checkpoint=resumed)
    scores = _last_scores(trainer) if plan.evaluation else {}
    if plan.lora:
        trainer.model = trainer.model.merge_and_unload()
    saved = run / 'weights'
    trainer.save_model(str(saved))
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()
    if arguments.process_index:
        return None
    finish_checkpoint(saved, plan.out, dtype)
    return {
        'streams': len(lengths), 'refused': refused, 'rows': len(rows),
        'tokens': sum(lengths.values()), 'steps': trainer.state.global_step,
        'loss': [entry['loss'] for entry in trainer.state.log_history if 'loss' in entry],
        'evaluation': {
            name.removeprefix('eval_'): value for name, value in scores.items()
            if name.endswith(('_loss', '_precision', '_recall', '_f1', '_median'))}}


def _last_scores(trainer: StreamTrainer) -> dict[str, float]:
    """Return the scores of the trained model, evaluated again unless the run ended with them."""
    for entry in reversed(trainer.state.log_history):
        if 'eval_loss' in entry and entry['step'] == trainer.state.global_step:
            return entry
    return trainer.evaluate()


def _alone(rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return a batch, which is one row: streams are packed into it."""
    (row,) = rows
    return row


def _has_bf16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _claim(run: Path, plan: FineTuning, **counts: int) -> None:
    """Write the run's settings into the directory; refuse it to another run."""
    run.mkdir(parents=True, exist_ok=True)
    # Paths, and how the data is read, may change when a run is resumed.
    fields = json.loads(json.dumps({
        name: value for name, value in {**asdict(plan), **counts}.items()
        if name not in ('data', 'out', 'videos', 'evaluation', 'save_every', 'workers')}))
    file = run / 'plan.json'
    if not file.is_file():
        partial = file.with_suffix('.partial')
        partial.write_text(json.dumps(fields, indent=2) + '\n', encoding='utf-8')
        partial.replace(file)
        return
    begun = json.loads(file.read_text(encoding='utf-8'))
    # A run that was begun before there was a setting has its default.
    begun = {**{
        name: getattr(FineTuning, name) for name in ('beta', 'state_share', 'memory_tokens')},
        **begun}
    changed = [name for name in fields if begun.get(name) != fields[name]]
    if changed:
        raise DataError(
            f'a run with another {", ".join(changed)} was begun in {run.parent}: go on as it '
            f'was begun ({file}), or give another directory')


def _system_prompt(file: StreamFile) -> str | None:
    """Return the prompt of the first record that can be read."""
    for index in range(len(file)):
        with suppress(DataError):
            return file[index].system_prompt
    raise DataError(f'{file.file} holds no record in the stream format')


def _source(file: StreamFile, videos: Path, checkpoint: Checkpoint) -> Source:
    return Source(file, videos, checkpoint, checkpoint.system_prompt)


def _survey(
    source: Source, max_tokens: int, arguments: TrainingArguments
) -> tuple[dict[int, int], list[str]]:
    """Return what ``survey`` finds, from the first process to all."""
    found: list[Any] = [None]
    if arguments.process_index == 0:
        found = [survey(source, max_tokens, lambda indices: tqdm(
            indices, 'reading', unit=' streams', disable=arguments.disable_tqdm, leave=False))]
    if arguments.world_size > 1:
        broadcast_object_list(found)
    lengths, refused = found[0]
    if arguments.process_index == 0:
        for reason in refused:
            print(f'streamo: left out: {reason}', file=sys.stderr)
    if not lengths:
        raise DataError(f'no record of {source.file.file} can be trained on: {refused[0]}')
    return lengths, refused


def _evaluation(
    plan: FineTuning, checkpoint: Checkpoint, arguments: TrainingArguments
) -> Rows | None:
    if plan.evaluation is None:
        return None
    source = _source(
        StreamFile(plan.evaluation), plan.videos or plan.evaluation.parent, checkpoint)
    # One stream a row: events are counted by stream.
    return Rows(source, [[index] for index in _survey(source, plan.max_tokens, arguments)[0]])


def _model(
    directory: Path, checkpoint: Checkpoint, plan: FineTuning
) -> tuple[nn.Module, torch.dtype]:
    """Return the model in float32, and the dtype that its weights are stored in."""
    try:
        model = AutoModelForImageTextToText.from_pretrained(
            directory, dtype='auto', attn_implementation='sdpa', local_files_only=True,
            use_safetensors=True, trust_remote_code=False)
    except Exception as error:  # its configurations raise errors of many kinds
        raise CheckpointError(
            f'transformers cannot load {directory} ({brief(error)}): copy the checkpoint again'
        ) from error
    dtype = model.dtype
    model = model.float()
    tokenizer = checkpoint.tokenizer
    if model.config.image_token_id != tokenizer.image_id:
        raise CheckpointError(
            f"{directory / 'config.json'} has image_token_id {model.config.image_token_id}, and "
            f'tokenizer.json {tokenizer.image_id} for {tokenizer.chat.image_pad}: copy the '
            'checkpoint again')
    torch.manual_seed(plan.seed)
    if max(tokenizer.state_ids) >= model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(tokenizer.vocab_size, pad_to_multiple_of=_EMBEDDING_MULTIPLE)
    for name, weight in model.named_parameters():
        weight.requires_grad = not _is_tower(name)
    if plan.lora:
        model = _with_adapters(model, plan.lora, list(tokenizer.state_ids))
    return model, dtype


def _is_tower(name: str) -> bool:
    """Return whether a parameter belongs to the vision tower and not to the connector."""
    return any(part in name for part in _TOWERS) and not any(
        part in name for part in _CONNECTORS)


def _with_adapters(model: nn.Module, rank: int, state_ids: list[int]) -> nn.Module:
    """Return the model with adapters on all trained layers, and trained rows of the states."""
    transformer: Any = model  # of transformers, whose types leave its methods out
    head = transformer.get_output_embeddings()
    targets = [
        name for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module is not head and not _is_tower(f'{name}.')]
    # The embeddings of new tokens are random: adapters elsewhere cannot tell them apart.
    rows = {'embed_tokens': state_ids}
    if head.weight is not transformer.get_input_embeddings().weight:
        rows['lm_head'] = state_ids
    return get_peft_model(model, LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=targets,
        trainable_token_indices=rows))
