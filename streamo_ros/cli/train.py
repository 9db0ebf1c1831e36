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

"""``streamo train``: a checkpoint trained on streams, as the paper does."""

import argparse
from pathlib import Path

from streamo_ros.cli.arguments import add_memory
from streamo_ros.cli.arguments import Commands
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import not_negative
from streamo_ros.number_arguments import positive
from streamo_ros.number_arguments import positive_count


def add_parser(commands: Commands) -> None:
    """Add the command."""
    train = commands.add_parser(
        'train',
        description='Train a checkpoint on streams that `streamo convert` wrote: the connector '
                    'and the language model, the vision tower frozen. A run that was cut off is '
                    'resumed by the same command.',
        epilog='On several devices: `accelerate launch ... $(command -v streamo) train ...`; '
               '`python -m pydoc streamo_ros.training.fine_tune` shows the lines for FSDP and '
               "DeepSpeed with the paper's settings. nano's own recipe is `make nano`.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    train.set_defaults(run=run)
    train.add_argument(
        'checkpoint', metavar='CHECKPOINT',
        help='"nano" or a directory; state tokens that it lacks are added')
    train.add_argument('data', type=Path, metavar='DATA', help='streams, as JSON')
    train.add_argument(
        '--out', type=Path, required=True, metavar='DIR', help='where the new checkpoint goes')
    train.add_argument(
        '--videos', type=Path, metavar='DIR',
        help="where the data's video paths start from; the data's own directory if not given")
    train.add_argument(
        '--evaluation', type=Path, metavar='DATA', help='streams to score the states on')
    length = train.add_mutually_exclusive_group()
    length.add_argument('--epochs', type=positive_count, default=1, help='times through the data')
    length.add_argument('--steps', type=positive_count, help='optimizer steps')
    train.add_argument('--learning-rate', type=positive, default=1e-5, help='at its highest')
    train.add_argument(
        '--accumulate', type=positive_count, default=64, metavar='ROWS',
        help='rows that each process goes through for one step')
    train.add_argument(
        '--max-tokens', type=positive_count, default=32768, metavar='TOKENS',
        help='of a row: streams are packed into one while they fit; longer ones are left out')
    train.add_argument(
        '--window', type=positive_count, metavar='TURNS',
        help='turns in sight while training; the whole stream if not given')
    add_memory(train)
    train.add_argument(
        '--loss', default='focal', choices=('focal', 'fixed', 'class_balanced', 'cross_entropy'),
        help='how states weigh: focal; 0.3, 1.3 and 2.0; by effective numbers; or like any token')
    train.add_argument('--gamma', type=not_negative, default=2.0, help='of the focal loss')
    train.add_argument(
        '--alpha', type=_alpha, default='present', metavar='present|three|S,B,R',
        help="of the focal loss: balance over the states that occur (the authors' code), over "
             'three (the paper), or these weights')
    train.add_argument(
        '--beta', type=_part, default=0.9999, metavar='BETA',
        help='of the class-balanced loss, from 0 to below 1')
    train.add_argument(
        '--state-share', type=_share, default=1.0, metavar='SHARE',
        help='supervise the turns at which the state changes, and this share of the others')
    train.add_argument(
        '--lora', type=positive_count, metavar='RANK',
        help='train adapters, and merge them at the end')
    train.add_argument(
        '--gradient-checkpointing', action='store_true', help='less memory, more time')
    train.add_argument(
        '--save-every', type=positive_count, default=100, metavar='STEPS', help='and evaluate')
    train.add_argument('--seed', type=count, default=1, help='of the order of the data')
    train.add_argument(
        '--precision', default='auto', choices=('auto', 'bf16', 'float32'),
        help='auto is bf16 where the machine has it')
    train.add_argument(
        '--workers', type=count, default=2, help='processes that read videos, in each process')
    train.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def _alpha(text: str) -> str | tuple[float, ...]:
    if text in ('present', 'three'):
        return text
    weights = tuple(not_negative(part) for part in text.split(','))
    if len(weights) != 3:
        raise argparse.ArgumentTypeError(f'{text} is neither present, three nor three weights')
    return weights


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'{text} is not from 0 to 1')
    return value


def _part(text: str) -> float:
    value = _share(text)
    if value == 1:
        raise argparse.ArgumentTypeError(f'{text} is not below 1')
    return value


def run(options: argparse.Namespace) -> None:
    """Train, and print what was trained on."""
    try:
        from streamo_ros.training.fine_tune import fine_tune
        from streamo_ros.training.fine_tune import FineTuning
    except ImportError as error:
        from streamo_ros.models import CheckpointError
        raise CheckpointError(
            f'training needs the train extras ({error}): `make test` installs them') from error
    figures = fine_tune(FineTuning(
        checkpoint=options.checkpoint, data=options.data, out=options.out, videos=options.videos,
        evaluation=options.evaluation, epochs=options.epochs, steps=options.steps,
        learning_rate=options.learning_rate, accumulate=options.accumulate,
        max_tokens=options.max_tokens, window_turns=options.window,
        memory_tokens=options.memory, loss=options.loss, gamma=options.gamma,
        alpha=options.alpha, beta=options.beta,
        state_share=options.state_share, lora=options.lora,
        gradient_checkpointing=options.gradient_checkpointing, save_every=options.save_every,
        seed=options.seed, precision=options.precision, workers=options.workers))
    if figures is None:
        return
    print(f'{options.out}: {figures["steps"]} steps over {figures["streams"]} streams in '
          f'{figures["rows"]} rows; {len(figures["refused"])} left out')
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, figures)
