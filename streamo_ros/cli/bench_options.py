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


"""The options of the benches that have many."""

import argparse

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_threads
from streamo_ros.cli.arguments import add_window
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import frame_rate
from streamo_ros.number_arguments import positive
from streamo_ros.number_arguments import positive_count
from streamo_ros.number_arguments import ticks


def add_latency(latency: argparse.ArgumentParser) -> None:
    """Add the options of ``streamo bench latency``."""
    from streamo_ros.bench.latency import BACKENDS
    from streamo_ros.engine.decision import MAX_INSTRUCTIONS
    latency.add_argument(
        '--backend', nargs='+', default=BACKENDS, choices=BACKENDS,
        help='what runs the model; those that cannot are named')
    latency.add_argument(
        '--fps', nargs='+', type=frame_rate, default=(1.0, 2.0, 10.0), help='frame rates')
    latency.add_argument(
        '--window', nargs='+', type=positive_count, default=(8, 60), metavar='TURNS',
        help='windows')
    latency.add_argument(
        '--instructions', nargs='+', type=_standing, default=(1, 4), metavar='N',
        help=f'how many stand, up to {MAX_INSTRUCTIONS}')
    latency.add_argument('--ticks', type=ticks, default=60, help='measured of each, 2 or more')


def add_batch(batch: argparse.ArgumentParser) -> None:
    """Add the options of ``streamo bench batch``."""
    from streamo_ros.engine.decision import MAX_INSTRUCTIONS
    add_backend(batch)
    add_threads(batch)
    add_window(batch)
    batch.add_argument('--streams', type=positive_count, default=16, help='at the same time')
    batch.add_argument(
        '--instructions', type=_standing, default=1, metavar='N',
        help=f'of each stream, up to {MAX_INSTRUCTIONS}')
    batch.add_argument(
        '--answer-tokens', type=count, default=0, metavar='N',
        help='of an answer to each instruction at every tick; 0 never answers')
    batch.add_argument(
        '--ticks', type=ticks, default=48, help='of each stream in each way, 2 or more')


def add_serve(serve: argparse.ArgumentParser) -> None:
    """Add the options of ``streamo bench serve``."""
    add_threads(serve)
    serve.add_argument('--checkpoint', default='nano', help='that is served')
    serve.add_argument('--streams', type=positive_count, default=16, help='at the same time')
    serve.add_argument('--seconds', type=positive, default=20.0, help='that a round lasts')
    serve.add_argument(
        '--fps', type=frame_rate, default=1.0, help='of each stream where they are paced')


def _standing(text: str) -> int:
    from streamo_ros.engine.decision import MAX_INSTRUCTIONS
    value = positive_count(text)
    if value > MAX_INSTRUCTIONS:
        raise argparse.ArgumentTypeError(f'{text} is more than {MAX_INSTRUCTIONS}')
    return value
