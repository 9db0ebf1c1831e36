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
Whole commands whose output is sent anywhere: nothing that is there already ever changes.

``STREAMO_DECOY_RUNS=5000`` tries so many; by default there are a few of each command.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
import json
import os
from pathlib import Path
import random
import shutil
import stat

import ovo_records
import pytest
from rendered_video import write_room
from tiny_bags import TinyBag
from tiny_streams import write_streams

from streamo_ros.cli.main import main
from streamo_ros.worlds import SentryWorld

RUNS = int(os.environ.get('STREAMO_DECOY_RUNS', '60'))
ASKED = 'Tell me when the light goes off.'

COMMANDS = (
    # command, and how often it is drawn; A and B are where output goes
    ('convert raw.json A --json B', 30),
    ('convert stream.json A --back --json B', 20),
    ('benchmark ovo ovo.json --predictions said.json --json A', 20),
    ('evaluate --compare before after --out A', 8),
    ('watch room.mp4 -i ASKED --jsonl A', 4),
    ('evaluate yard/bags/monday yard/bags/... --annotations asked.json --out A --json B', 3),
    ('export nano --to onnx --out A --json B', 1),
    ('benchmark streams stream.json --videos . --out A --json B', 1),
    ('study sample-bag A --seconds 1', 2),
    ('study split-bags A --world sentry --streams 1', 0.3),
    ('study scores --world sentry --streams 1 --json A', 0.5),
    ('bench latency --shape nano --backend onnxruntime --fps 1 --window 2 --instructions 1 '
     '--ticks 2 --json A', 0.5),
    ('bench engine --shape nano --window 2 --ticks 2 --json A --plot B', 0.1),
    ('benchmark ovo ovo.json --videos . --out A --json B', 1),
    ('train yard/checkpoint stream.json --out A --steps 1 --workers 0 --json B', 1),
    ('build activitynet activity.json --videos . --out A', 20),
    ('build mix built.json --videos . --out A', 10),
    ('build bag yard/bags/monday --annotations asked.json --videos A --out B', 3),
    ('quantize nano --weights int8 --streams 1 --out A --json B', 0.1),
    ('info nano --json A', 2),
)


def write_yard(yard: Path) -> None:
    """Write what may never change: bags, checkpoints, notes, links, a pipe, devices' copies."""
    yard.mkdir()
    world = SentryWorld(5, seconds=2.0, split='test', size=(112, 112), skills=['light_off'])
    for name in ('bags/monday', 'bags/...', 'bags/tue\nsday'):
        (yard / name).parent.mkdir(exist_ok=True)
        with TinyBag(yard / name) as bag:
            for index in range(2):
                bag.image(index, world.render(index))
    shutil.copytree(
        Path(__file__).parents[2] / 'streamo_ros' / 'models' / 'nano', yard / 'checkpoint')
    for name in ('notes.txt', 'figures.json', 'stream.json', '-json', 'ü.json', 'scores.json',
                 'new.findings.json'):
        (yard / name).write_text('weeks of work\n')
    (yard / 'list.json').write_text(json.dumps([{'mine': 1}]))
    (yard / 'report.json').write_text(json.dumps({'bags': []}))
    # What looks like a run of ours, without our mark
    for name in ('bags/monday/done.json', 'bags/monday/decisions.jsonl', 'report.json',
                 'scores.json', 'settings.json', 'watched.jsonl', 'training/plan.json'):
        file = yard / 'results' / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('{"mine": 1}\n')
    os.link(yard / 'notes.txt', yard / 'hard link')
    (yard / 'link').symlink_to('notes.txt')
    (yard / 'bag link').symlink_to('bags/monday')
    (yard / 'checkpoint link').symlink_to(yard / 'checkpoint')
    (yard / 'circle').symlink_to('circle')
    (yard / 'dangling').symlink_to(yard / 'nowhere' / 'at all')
    os.mkfifo(yard / 'pipe')
    with suppress(PermissionError):  # only root makes devices
        for name, minor in (('null', 3), ('full', 7)):
            os.mknod(yard / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return types, modes, inodes, links and contents of all that is in a folder."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            status = os.lstat(path)
            content: object = status.st_rdev
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                content = Path(path).read_bytes()
            found[path] = status.st_mode, status.st_ino, content
    return found


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    here = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Return a folder with what the commands read, and the yard beside."""
    place = tmp_path_factory.mktemp('place')
    write_yard(place / 'yard')
    write_room(place / 'room.mp4', 1)
    write_streams(place)
    ovo_records.write(place, ovo_records.one_of_each())
    (place / 'said.json').write_text(json.dumps({'id': 0, 'responses': ['B']}) + '\n')
    (place / 'asked.json').write_text(json.dumps({'instructions': [
        {'text': ASKED, 'skill': 'light', 'events': []}]}))
    (place / 'raw.json').write_text(json.dumps([{
        'video_name': 'room.mp4', 'video_path': 'room.mp4', 'task_type': 'QA', 'source': 'made',
        'duration': 4, 'question': [{'content': 'What?', 'time': '0'}],
        'response': [{'content': 'Dark.', 'st_time': 1.0, 'end_time': 2, 'time': ''}]}]))
    (place / 'activity.json').write_text(json.dumps({'v_film': {
        'duration': 12, 'timestamps': [[2, 5]], 'sentences': ['It is dark.']}}))
    with inside(place):
        assert main(['build', 'activitynet', 'activity.json', '--videos', '.',
                     '--out', 'built.json']) == 0
        for out in ('before', 'after'):
            assert main(['evaluate', 'yard/bags/monday', '--annotations', 'asked.json',
                         '--out', out]) == 0
    return place


@pytest.fixture
def targets(place):
    """Return where output is sent: all that is in the yard, by every way there, and beside."""
    there = sorted(snapshot(place / 'yard'))
    relative = [os.path.relpath(path, place) for path in there]
    return [
        *there, *relative, 'yard', 'yard/', '.', '..', 'yard/.', 'yard/bags/..', 'yard/link/x',
        'yard/notes.txt/x', 'yard/nowhere/x', 'yard/bags/monday/', './yard/../yard/notes.txt',
        'yard/new.json',    # beside which the list of findings is another's
        '/dev/null', '/dev/full', '', 'x' * 300]


def test_nothing_that_is_there_ever_changes(place, targets, capsys):
    rng = random.Random(RUNS)
    runs = [run for run, _ in COMMANDS]
    drawn = rng.choices(runs, [weight for _, weight in COMMANDS], k=RUNS)
    before = snapshot(place / 'yard')
    with inside(place):
        for run in drawn:
            words = {'ASKED': ASKED, 'A': rng.choice(targets), 'B': rng.choice(targets)}
            if rng.random() < 0.5:  # the rest would do
                words['B'] = str(place / 'yard' / '..' / 'own.json')
            arguments = [words.get(word, word) for word in run.split()]
            with suppress(SystemExit):
                main(arguments)
            after = snapshot(place / 'yard')
            changed = {path for path, entry in before.items() if after.get(path) != entry}
            assert not changed, f'{arguments} changed {changed}'
            for path in sorted(after.keys() - before.keys(), reverse=True):
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
            capsys.readouterr()
