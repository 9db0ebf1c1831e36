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

"""``streamo watch``: a video, an image folder or a bag, without ROS."""

import argparse
from pathlib import Path
import sys
import time

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_thresholds
from streamo_ros.cli.arguments import add_window
from streamo_ros.cli.arguments import add_zero_shot
from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.arguments import positive
from streamo_ros.cli.arguments import thresholds


def add_parser(commands: Commands) -> None:
    """Add the command."""
    watch = commands.add_parser('watch', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    watch.set_defaults(run=run)
    watch.add_argument(
        'source', type=Path, metavar='SOURCE',
        help='video file, image folder, or bag (directory, .mcap, .db3)')
    watch.add_argument(
        '-i', '--instruction', action='append', required=True, metavar='TEXT',
        help='what to watch for; several may be given')
    watch.add_argument(
        '--checkpoint', default='nano', help='"nano" or a checkpoint\'s directory')
    add_zero_shot(watch)
    add_backend(watch)
    watch.add_argument('--fps', type=positive, default=1.0, help='frames sampled per second')
    add_window(watch)
    add_thresholds(watch)
    watch.add_argument(
        '--still', action='store_true',
        help='spare what has not changed; changes some decisions, and says how much it spared')
    watch.add_argument(
        '--jsonl', type=argparse.FileType('w', encoding='utf-8'), metavar='FILE',
        help='write one line of JSON per decision; "-" for the standard output')
    watch.add_argument(
        '--realtime', action='store_true', help='as fast as recorded, not as fast as possible')


def run(options: argparse.Namespace) -> None:
    """Print what is decided as it is decided, each camera with an engine of its own."""
    from streamo_ros.cli.progress import Progress
    from streamo_ros.cli.watched_camera import WatchedCamera
    from streamo_ros.cli.watched_camera import write_line
    from streamo_ros.sources.bag import SourceError
    from streamo_ros.sources.recording import open_recording
    limits = thresholds(options)
    cameras: dict[str, WatchedCamera] = {}
    recording = open_recording(options.source, options.fps)
    began = time.monotonic()
    first: int | None = None
    with Progress(
            recording.seconds, bar_format='{l_bar}{bar}| {n:.0f} s [{elapsed}]') as progress:
        for frame in recording.frames:
            camera = cameras.get(frame.camera)
            if camera is None:
                camera = cameras[frame.camera] = WatchedCamera(
                    frame.camera or str(options.source), options, limits, progress)
            first = frame.stamp if first is None else first
            seconds = (frame.stamp - first) * 1e-9
            picture = camera.admit(frame, seconds).picture
            if picture is None:
                continue
            if options.realtime:
                time.sleep(max(0.0, seconds - (time.monotonic() - began)))
            before = time.perf_counter()
            decisions = camera.engine.step(picture, frame.stamp / 1e9)
            latency = time.perf_counter() - before
            for decision in decisions:
                if options.jsonl:
                    write_line(options.jsonl, frame.camera, decision, latency)
                camera.report(frame.camera, decision, seconds)
            progress.advance_to(seconds)
    if options.jsonl:
        options.jsonl.close()
    if first is None:
        raise SourceError(f'{options.source} holds no frame')
    if options.still:
        for name, camera in cameras.items():
            print(
                f'streamo: {name or options.source}: {camera.engine.skipped_frames} frames were '
                f'not looked at, {camera.engine.visual_tokens_pruned:.0%} of visual tokens left '
                'out',
                file=sys.stderr)
    streams = [camera.frames for camera in cameras.values()]
    if bad := sum(stream.bad.total() for stream in streams):
        print(f'streamo: {bad} bad images were passed over', file=sys.stderr)
    if stale := sum(stream.stale for stream in streams):
        print(
            f'streamo: {stale} frames were passed over because their stamps do not advance',
            file=sys.stderr)
