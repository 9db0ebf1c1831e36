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

"""``streamo watch``: a video, an image folder, a bag or a live camera, without ROS."""

import argparse
from collections import Counter
from pathlib import Path
import sys
import time

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_memory
from streamo_ros.cli.arguments import add_threads
from streamo_ros.cli.arguments import add_thresholds
from streamo_ros.cli.arguments import add_window
from streamo_ros.cli.arguments import add_zero_shot
from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.arguments import thresholds
from streamo_ros.errors import one_line
from streamo_ros.number_arguments import frame_rate


def add_parser(commands: Commands) -> None:
    """Add the command."""
    watch = commands.add_parser('watch', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    watch.set_defaults(run=run)
    watch.add_argument(
        'source', metavar='SOURCE',
        help='video file, image folder, bag (directory, .mcap, .db3), or a live camera: rtsp://, '
        'http(s)://, or a webcam such as /dev/video0')
    watch.add_argument(
        '-i', '--instruction', action='append', required=True, metavar='TEXT',
        help='what to watch for; several may be given')
    watch.add_argument(
        '--choice', action='append', metavar='TEXT',
        help='with each answer, say which of these it is; several are given')
    watch.add_argument(
        '--schema', type=Path, metavar='FILE',
        help='with each answer, give data of this JSON schema (needs llguidance)')
    watch.add_argument(
        '--checkpoint', default='nano', help='"nano" or a checkpoint\'s directory')
    add_zero_shot(watch)
    add_backend(watch)
    add_threads(watch)
    watch.add_argument('--fps', type=frame_rate, default=1.0, help='frames sampled per second')
    add_window(watch)
    add_memory(watch)
    add_thresholds(watch)
    watch.add_argument(
        '--still', action='store_true',
        help='spare what has not changed; changes some decisions, and says how much it spared')
    watch.add_argument(
        '--profile', action='store_true', help='say in the end what the time went into')
    watch.add_argument(
        '--jsonl', metavar='FILE',
        help='write one line of JSON per decision; "-" for the standard output')
    watch.add_argument(
        '--realtime', action='store_true', help='as fast as recorded, not as fast as possible')


def run(options: argparse.Namespace) -> None:
    """Print what is decided as it is decided, each camera with an engine of its own."""
    from streamo_ros.cli.decision_lines import open_lines
    from streamo_ros.cli.decision_lines import write_line
    from streamo_ros.cli.progress import Progress
    from streamo_ros.cli.time_spent import TimeSpent
    from streamo_ros.cli.watched_camera import read_format
    from streamo_ros.cli.watched_camera import WatchedCamera
    from streamo_ros.sources.live_address import is_live
    from streamo_ros.sources.live_address import live_address
    from streamo_ros.sources.live_source import open_live
    from streamo_ros.sources.recording import open_recording
    from streamo_ros.sources.source_error import SourceError
    limits, answer = thresholds(options), read_format(options)
    cameras: dict[str, WatchedCamera] = {}
    source, spent = options.source, TimeSpent(is_live(options.source))
    if is_live(source):
        address = live_address(source)
        source = address.shown  # the rest may hold a password
        recording = open_live(address, lambda sentence: progress.print(
            f'streamo: {one_line(sentence)}', sys.stderr))
    else:
        recording = open_recording(Path(source), options.fps)
    lines = open_lines(options.jsonl) if options.jsonl else None
    first: int | None = None
    reason = ''
    with Progress(
            recording.seconds, bar_format='{l_bar}{bar}| {n:.0f} s [{elapsed}]') as progress:
        for frame in spent.reading(recording.frames):
            camera = cameras.get(frame.camera)
            if camera is None:
                camera = cameras[frame.camera] = WatchedCamera(
                    frame.camera or source, options, limits, answer, progress)
            seconds = 0.0 if first is None else (frame.stamp - first) * 1e-9
            with spent.stopwatch.part('decode'):
                admission = camera.admit(frame, seconds)
            reason = admission.reason or reason
            if admission.picture is None:
                continue
            first = frame.stamp if first is None else first
            if options.realtime:
                camera.wait(frame.stamp, bool(admission.change and admission.change.begins_anew))
            before = time.perf_counter()
            decisions = camera.engine.step(admission.picture, frame.stamp / 1e9)
            latency = time.perf_counter() - before
            with spent.stopwatch.part('publication'):
                for decision in decisions:
                    if lines:
                        write_line(lines, frame.camera, decision, latency, answer is not None)
                    camera.report(frame.camera, decision, seconds)
            progress.advance_to(seconds)
    if lines:
        lines.close()
    for notice in recording.notices:
        print(f'streamo: {one_line(notice)}', file=sys.stderr)
    streams = [camera.frames for camera in cameras.values()]
    if bad := sum((stream.bad for stream in streams), Counter()):
        causes = ', '.join(f'{count} {cause}' for cause, count in sorted(bad.items()))
        print(f'streamo: {bad.total()} bad images were passed over ({causes})', file=sys.stderr)
    if stale := sum(stream.stale for stream in streams):
        print(
            f'streamo: {stale} frames were passed over because their stamps do not advance',
            file=sys.stderr)
    if first is None:
        raise SourceError(f'{source} holds no frame' + (
            f' that can be used: {reason}' if reason else ''))
    watched = [camera for camera in cameras.values() if camera.frames.sampled]
    if options.profile:
        print(*spent.lines(
            [camera.engine.seconds for camera in watched],
            sum(camera.frames.sampled for camera in watched)), sep='\n', file=sys.stderr)
    if options.still:
        for camera in watched:
            print(
                f'streamo: {camera.name}: {camera.engine.skipped_frames} frames were '
                f'not looked at, {camera.engine.visual_tokens_pruned:.0%} of visual tokens left '
                'out',
                file=sys.stderr)
