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

"""The log's thread: nobody waits for it, and what it cannot keep is counted and said."""

from pathlib import Path
import subprocess
import sys
import threading
import time

from logs import answer
from logs import BOUNDS
from logs import DAY
import numpy as np
import pytest

from streamo_ros.events import event_writer
from streamo_ros.events import release as release_module
from streamo_ros.events.event_log import EventLog
from streamo_ros.events.event_reader import EventQuery
from streamo_ros.events.event_reader import EventReader
from streamo_ros.events.event_writer import EventWriter
from streamo_ros.events.release import Release

PATIENCE_S = 60.0


def unkept():
    """Keep nothing; there is nothing to undo."""
    return lambda: None


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < end, f'waited in vain for {what}'
        time.sleep(0.002)
    return value


def picture(size=10):
    return np.zeros((size, size, 3), np.uint8)


class Made:
    """A writer and what it has told."""

    def __init__(self, folder, encode=lambda image: b'jpeg'):
        self.logged, self.said, self.done = [], [], []
        self.writer = EventWriter(folder, BOUNDS, encode, self.logged.append, self.said.append)

    def offer(self, number=0, frames=()):
        event = answer(*DAY[number])
        self.writer.offer(event, frames, lambda: self.done.append(number))


@pytest.fixture
def make(tmp_path):
    made = []

    def make(folder=None, **options):
        made.append(Made(folder or tmp_path / 'log', **options))
        return made[-1]
    yield make
    for one in made:
        one.writer.stop(PATIENCE_S)


@pytest.fixture
def held(monkeypatch):
    """Hold every commit until the event is set, as a disk that hangs."""
    free = threading.Event()
    add = EventLog.add
    monkeypatch.setattr(
        EventLog, 'add', lambda *arguments: free.wait(PATIENCE_S) and add(*arguments))
    yield free
    free.set()


def test_what_is_offered_is_logged_and_then_told(make, tmp_path):
    made = make()
    made.offer(0, [(1, picture()), (2, picture())])
    wait_for(lambda: made.logged, 'the event')
    assert made.done == [0]
    assert made.writer.stop(PATIENCE_S)
    with EventReader(tmp_path / 'log') as log:
        (event,), total = log.page(EventQuery())
    assert event == made.logged[0] and total == event.id == 1 and event.pictures == 2
    assert made.said == []


def test_no_file_is_written_before_the_thread_runs_nor_where_it_may_not(make, tmp_path):
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'notes').write_text('mine')
    made = make(tmp_path / 'mine')
    made.offer()
    wait_for(lambda: made.done, 'the answer to be let go')
    assert made.writer.figures.left_out == 1 and 'did not make' in made.writer.figures.trouble
    assert [file.name for file in (tmp_path / 'mine').iterdir()] == ['notes']
    assert len(made.said) == 1


def test_a_disk_that_hangs_holds_up_nobody_and_what_it_cannot_take_is_counted(make, held):
    made = make()
    offered = event_writer.WAITING_EVENTS + event_writer._BATCH + 50
    for _ in range(offered):
        made.offer()
    figures = made.writer.figures
    assert figures.waiting == event_writer.WAITING_EVENTS
    assert figures.left_out >= 50 and len(made.done) == figures.left_out
    assert 'wait for the disk' in figures.trouble and len(made.said) == 1
    held.set()
    wait_for(lambda: len(made.done) == offered, 'all to be let go')
    wait_for(lambda: not made.writer.figures.trouble, 'the end of the trouble')
    assert made.writer.figures.logged + figures.left_out == offered
    assert 'is written again' in made.said[-1]
    made.offer()  # with it the log notes what is missing


def test_pictures_that_wait_are_bounded_by_their_memory(make, held, monkeypatch):
    monkeypatch.setattr(event_writer, 'WAITING_BYTES', 1000)
    made = make()
    for _ in range(6):
        made.offer(frames=[(1, picture(10))])  # 300 bytes each
    held.set()
    wait_for(lambda: len(made.logged) == 6, 'the events')
    assert made.writer.figures.without_pictures >= 2
    assert {event.pictures for event in made.logged} == {0, 1}


def test_a_full_disk_is_said_once_and_the_gap_is_in_the_log(make, tmp_path, monkeypatch):
    monkeypatch.setattr(event_writer, 'RETRY_S', 0.05)
    full, add = threading.Event(), EventLog.add

    def fail(log, *arguments):
        if full.is_set():
            log._connection.execute('pragma max_page_count = 1')
        return add(log, *arguments)
    monkeypatch.setattr(EventLog, 'add', fail)
    made = make(encode=lambda image: bytes(100_000))
    made.offer(0)
    wait_for(lambda: made.logged, 'the first')
    full.set()
    for number in (1, 2, 3):
        made.offer(number, [(1, picture(100))])
        wait_for(lambda number=number: number in made.done, 'an answer in spite of it')
    assert made.writer.figures.left_out == 3 and 'full' in made.writer.figures.trouble
    assert len(made.said) == 1 and 'left out' in made.said[0]
    full.clear()
    wait_for(lambda: not made.writer.figures.trouble, 'the end of it')
    made.offer(4)
    wait_for(lambda: len(made.logged) == 2, 'the next')
    with EventReader(tmp_path / 'log') as log:
        (gap,) = log.gaps(None, None)
    assert gap.count == 3 and (gap.began, gap.ended) == (
        answer(*DAY[1]).began, answer(*DAY[3]).ended)
    assert len(made.said) == 2


def test_a_tmpfs_that_is_full_stops_nothing(tmp_path):
    place = tmp_path / 'small'
    place.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', str(place)],
                      capture_output=True).returncode:
        pytest.skip('no file system can be mounted here')
    try:
        code = (
            'import sys\n'
            f'sys.path.insert(0, {str(Path(__file__).parent)!r})\n'
            'from pathlib import Path\n'
            'from logs import answer, BOUNDS, DAY\n'
            'from streamo_ros.events.event_writer import EventWriter\n'
            'import time\n'
            'done = []\n'
            f'writer = EventWriter(Path({str(place / "log")!r}), BOUNDS, bytes, lambda e: None,'
            ' print)\n'
            'for _ in range(40):\n'
            '    writer.offer(answer(*DAY[0]), [(1, memoryview(bytes(100_000)))],'
            ' lambda: done.append(1))\n'
            'while len(done) < 40: time.sleep(0.01)\n'
            'figures = writer.figures\n'
            'assert figures.left_out and figures.logged + figures.left_out == 40, figures\n'
            'assert "full" in figures.trouble or "I/O" in figures.trouble, figures\n'
            'writer.stop(5)\n')
        ended = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        assert len(ended.stdout.splitlines()) == 1, ended.stdout
        with EventReader(place / 'log') as log:
            log.page(EventQuery())
    finally:
        subprocess.run(['umount', '-l', str(place)])


def test_a_log_that_is_removed_is_begun_anew(make, tmp_path, monkeypatch):
    monkeypatch.setattr(event_writer, 'RETRY_S', 0.05)
    made = make()
    made.offer(0)
    wait_for(lambda: made.logged, 'the first')
    for file in (tmp_path / 'log').iterdir():
        file.unlink()
    made.offer(1)
    wait_for(lambda: len(made.done) == 2, 'the second')
    wait_for(lambda: not made.writer.figures.trouble, 'a new log')
    made.offer(2)
    wait_for(lambda: len(made.logged) == 2, 'the third')
    assert 'gone' in made.said[0]


def test_a_log_in_use_is_taken_when_it_is_free(make, tmp_path, monkeypatch):
    monkeypatch.setattr(event_writer, 'RETRY_S', 0.05)
    with EventLog(tmp_path / 'log', BOUNDS):
        made = make()
        wait_for(lambda: 'in use' in made.writer.figures.trouble, 'the refusal')
    wait_for(lambda: not made.writer.figures.trouble, 'the log')
    made.offer()
    wait_for(lambda: made.logged, 'the event')
    assert len(made.said) == 2


def test_where_the_blur_fails_no_picture_is_kept(make):
    def fail(image):
        raise RuntimeError('no face found')
    made = make(encode=fail)
    for _ in range(3):
        made.offer(frames=[(1, picture())])
    wait_for(lambda: len(made.logged) == 3, 'the events')
    assert {event.pictures for event in made.logged} == {0}
    assert made.writer.figures.without_pictures == 3
    assert len(made.said) == 1 and 'no face found' in made.said[0]


def test_texts_that_no_file_can_hold_are_logged_as_well_as_may_be(make):
    made = make()
    made.writer.offer(answer(DAY[0][0], 'Tell me.', 'half \ud800 a letter\0'), (), lambda: None)
    wait_for(lambda: made.logged, 'the event')
    assert made.logged[0].text == 'half ? a letter\0'


def test_what_is_offered_at_the_end_is_let_go(make):
    made = make()
    made.writer.stop(PATIENCE_S)
    made.offer()
    assert made.done == [0] and made.writer.figures.left_out == 1


@pytest.fixture
def release():
    made = Release(lambda error: None)
    yield made
    made.stop(PATIENCE_S)


def test_answers_are_published_in_their_order_when_they_are_logged(release, monkeypatch):
    monkeypatch.setattr(release_module, 'HOLD_S', PATIENCE_S)
    published = []
    first, second = (release.hold(lambda n=n: published.append(n), unkept) for n in (1, 2))
    second()
    assert published == []
    first()
    wait_for(lambda: published == [1, 2], 'both')
    assert release.early == 0


def test_a_disk_that_is_too_slow_holds_an_answer_for_so_long_only(release, monkeypatch):
    monkeypatch.setattr(release_module, 'HOLD_S', 0.02)
    published = []
    let_go = release.hold(lambda: published.append(1), unkept)
    wait_for(lambda: published, 'the answer')
    assert release.early == 1
    let_go()  # when it is logged in the end
    assert published == [1]


def test_an_answer_that_cannot_be_published_does_not_keep_the_next(monkeypatch):
    errors, published = [], []
    release = Release(errors.append)
    release.hold(lambda: 1 / 0, unkept)()
    release.hold(lambda: published.append(2), unkept)()
    wait_for(lambda: published, 'the next')
    assert len(errors) == 1
    release.hold(lambda: published.append(3), unkept)
    release.stop(PATIENCE_S)  # publishes what is held
    assert published == [2, 3]
