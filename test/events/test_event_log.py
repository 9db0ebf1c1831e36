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

"""The event log: what is kept, bounded, found again, and refused."""

from dataclasses import replace
import os
from pathlib import Path
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time

from logs import BOUNDS
from logs import DAY
from logs import LIGHT
from logs import ns
from logs import write
import pytest

from streamo_ros.dialogue import State
from streamo_ros.events import schema
from streamo_ros.events.event import Event
from streamo_ros.events.event import Gap
from streamo_ros.events.event import Picture
from streamo_ros.events.event import Pose
from streamo_ros.events.event_log import Bounds
from streamo_ros.events.event_log import EventLog
from streamo_ros.events.event_log import FILE
from streamo_ros.events.event_log import SMALLEST_BYTES
from streamo_ros.events.event_reader import EventQuery
from streamo_ros.events.event_reader import EventReader
from streamo_ros.events.schema import EventLogError
from streamo_ros.output import OutputError

KILLS = int(os.environ.get('STREAMO_KILLS', '4'))
"""Processes that are killed; 50 for a long run."""


def made(number=1, **fields):
    stamp = 10**18 + number * 10**9
    return replace(
        Event(State.RESPONSE, stamp - 10**9, stamp, 'front', 'i', LIGHT, 'The light went off.'),
        **fields)


def ids(folder, query=None, **fields):
    with EventReader(folder) as log:
        return [event.id for event in log.page(query or EventQuery(**fields))[0]]


def test_an_event_comes_back_as_it_was_logged(tmp_path):
    event = made(
        text='Es ist dunkel: 光 "\'', complete=False, epoch=3, probability=0.5, latency_s=0.25,
        response_seq=7, checkpoint='nano', frame_id='optical', logged=10**18,
        pose=Pose('map', (1.0, 2.0, 3.0), (0.0, 0.0, 0.0, 1.0)))
    pictures = [Picture(event.began, b'one'), Picture(event.ended, b'two')]
    with EventLog(tmp_path / 'log', BOUNDS) as log:
        (logged,) = log.add([(event, pictures)])
        assert logged == replace(event, id=1, pictures=2)
        with EventReader(tmp_path / 'log') as reader:  # while it is being written
            assert reader.get(1) == (logged, pictures)
            assert reader.get(2) is None and reader.get(-1) is None and reader.get(2**70) is None


def test_the_folder_is_marked_and_the_file_is_for_its_user_alone(tmp_path):
    folder = write(tmp_path / 'log', DAY[:1])
    assert (folder / '.streamo_ros.json').exists()
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize('condition, found', [
    ({}, [*range(19, 0, -1)]),
    ({'since': ns('2026-03-11 15:50:00')}, [19, 18, 17]),
    ({'until': ns('2026-03-07 11:00:00')}, [1]),
    # It had begun by then: events that touch the time are meant.
    ({'since': ns('2026-03-10 14:09:59'), 'until': ns('2026-03-10 14:09:59')}, [5]),
    ({'camera': 'rear'}, []),
    ({'instruction': LIGHT}, [19, 15, 12, 11, 7, 6, 4]),
    ({'instruction': 'i', 'words': 'dark'}, [11]),
    ({'words': 'opening'}, [18, 17, 10, 9, 2, 1]),      # of the instruction, in another form
    ({'words': 'light dark'}, [11]),
    ({'words': 'LIGHT" OR 1 NOT ('}, []),
    ({'words': '!!'}, []),
])
def test_lists_are_by_time_camera_instruction_and_words(tmp_path, condition, found):
    assert ids(write(tmp_path / 'log', DAY), **condition) == found


def test_what_touches_a_time_is_found_however_long_it_was(tmp_path):
    rng = random.Random(3)
    events = []
    for _ in range(300):
        ended = 10**18 + rng.randrange(2 * 86400) * 10**9
        events.append(made(
            ended=ended, began=ended - rng.choice((0, 5, 3600, 3601, 9000, 200_000)) * 10**9,
            camera=rng.choice(('front', 'rear')), text=rng.choice(('One.', 'Two.'))))
    with EventLog(tmp_path / 'log', BOUNDS) as log:
        logged = log.add([(event, ()) for event in events])
    with EventReader(tmp_path / 'log') as log:
        for _ in range(60):
            since = 10**18 + rng.randrange(-86400, 2 * 86400) * 10**9
            query = EventQuery(
                rng.choice((None, since)), since + rng.randrange(7200) * 10**9,
                rng.choice(('', 'rear')), rng.choice(('', LIGHT, 'i')), rng.choice(('', 'two')))
            truth = sorted((
                event for event in logged
                if (query.since is None or event.ended >= query.since)
                and event.began <= query.until and query.camera in ('', event.camera)
                and (not query.words or event.text == 'Two.')),
                key=lambda event: (event.ended, event.id), reverse=True)
            found, total = log.page(query, 0, 20)
            assert (found, total) == (truth[:20], len(truth))
            assert log.page(query, 1, 20)[0] == truth[20:40]


def test_a_list_comes_page_by_page_with_its_total(tmp_path):
    with EventReader(write(tmp_path / 'log', DAY)) as log:
        pages = [log.page(EventQuery(), number, 8) for number in range(4)]
        assert [len(events) for events, _ in pages] == [8, 8, 3, 0]
        assert {total for _, total in pages} == {19}
        assert [event.id for events, _ in pages for event in events] == [*range(19, 0, -1)]


def test_the_oldest_go_when_there_are_too_many_and_no_number_comes_twice(tmp_path):
    with EventLog(tmp_path / 'log', Bounds(30.0, 2**30, 3)) as log:
        for number in range(5):
            log.add([(made(number, text=f'word{number}'), ())])
            log.prune()
        assert log.count == 3
        log.add([(made(9), ())], Gap(0, 1, 2))
    assert ids(tmp_path / 'log') == [6, 5, 4, 3]
    assert ids(tmp_path / 'log', words='word0') == []
    database = sqlite3.connect(tmp_path / 'log' / FILE)
    assert database.execute('select count(*) from sayings').fetchone() == (4,)


def test_the_oldest_go_when_they_are_too_old(tmp_path, monkeypatch):
    with EventLog(tmp_path / 'log', Bounds(1.0, 2**30, 100)) as log:
        log.add([(made(1), [Picture(0, b'x')])])
        log.prune()
        assert log.count == 1
        later = time.time_ns() + 2 * 86400 * 10**9
        monkeypatch.setattr(time, 'time_ns', lambda: later)
        log.add([(made(2), ())])
        log.prune()
    assert ids(tmp_path / 'log') == [2]
    database = sqlite3.connect(tmp_path / 'log' / FILE)
    assert database.execute('select count(*) from pictures').fetchone() == (0,)


def test_the_folder_takes_no_more_than_it_may(tmp_path):
    folder, rng = tmp_path / 'log', random.Random(0)
    with EventLog(folder, Bounds(30.0, SMALLEST_BYTES, 10**6)) as log:
        for number in range(300):
            log.add([(made(number), [Picture(0, rng.randbytes(100_000))])])
            log.prune()
            assert sum(file.stat().st_size for file in folder.iterdir()) <= SMALLEST_BYTES
        assert 40 < log.count < 300
    with EventLog(folder, Bounds(30.0, SMALLEST_BYTES, 5)) as log:
        log.prune()
        assert log.count == 5
    assert (folder / FILE).stat().st_size < SMALLEST_BYTES / 8  # given back to the disk


def test_two_writers_of_one_log_are_refused_in_a_sentence(tmp_path):
    with EventLog(tmp_path / 'log', BOUNDS):
        with pytest.raises(OutputError, match='in use'):
            EventLog(tmp_path / 'log', BOUNDS)
    with EventLog(tmp_path / 'log', BOUNDS):
        pass


def test_what_is_anothers_is_left_alone(tmp_path):
    folder = tmp_path / 'another'
    folder.mkdir()
    (folder / 'notes').write_text('mine')
    with pytest.raises(OutputError, match='did not make'):
        EventLog(folder, BOUNDS)
    with EventLog(tmp_path / 'log', BOUNDS):
        pass
    (tmp_path / 'log' / FILE).unlink()
    (tmp_path / 'log' / FILE).symlink_to(folder / 'notes')
    with pytest.raises(OutputError, match='no plain file'):
        EventLog(tmp_path / 'log', BOUNDS)
    assert (folder / 'notes').read_text() == 'mine'


@pytest.mark.parametrize('content', [b'no database at all' * 100, b''.join(
    [b'SQLite format 3\0', bytes(4000)])])
def test_a_file_that_is_no_log_is_refused_and_stays(tmp_path, content):
    write(tmp_path / 'log', [])
    (tmp_path / 'log' / FILE).write_bytes(content)
    with pytest.raises(EventLogError):
        EventLog(tmp_path / 'log', BOUNDS)
    assert (tmp_path / 'log' / FILE).read_bytes() == content


def test_the_database_of_another_program_is_refused(tmp_path):
    write(tmp_path / 'log', [])
    (tmp_path / 'log' / FILE).unlink()
    database = sqlite3.connect(tmp_path / 'log' / FILE)
    database.execute('create table theirs (a)')
    database.close()
    with pytest.raises(EventLogError, match='another program'):
        EventLog(tmp_path / 'log', BOUNDS)


def test_an_older_file_is_migrated_and_a_later_one_refused(tmp_path, monkeypatch):
    known = schema.MIGRATIONS
    newer = (*known, ('alter table events add column mood text',))
    folder = write(tmp_path / 'log', DAY[:2])
    monkeypatch.setattr(schema, 'MIGRATIONS', newer)
    with pytest.raises(EventLogError, match=f'brings it to version {len(newer)}'):
        EventReader(folder)
    with EventLog(folder, BOUNDS) as log:
        log.add([(made(3), ())])
    assert len(ids(folder, until=2 * 10**18)) == 3
    monkeypatch.setattr(schema, 'MIGRATIONS', known)
    with pytest.raises(EventLogError, match='a later release'):
        EventLog(folder, BOUNDS)
    with pytest.raises(EventLogError, match='a later release'):
        EventReader(folder)


def test_a_log_from_before_answers_had_data_is_migrated(tmp_path, monkeypatch):
    folder = tmp_path / 'log'
    with monkeypatch.context() as patched:
        patched.setattr(schema, 'MIGRATIONS', schema.MIGRATIONS[:1])
        with EventLog(folder, BOUNDS) as log:
            log._connection.execute("insert into sayings values (1, 'Tell me.', 'It rains.')")
            log._connection.execute(
                "insert into events values (1, 2, 5, 6, 'front', '', 'i', 1, 1, 0, 0.5, 0.1, 1, "
                "'nano', 6, null, 0, 6)")
    with EventLog(folder, BOUNDS) as log:
        log.add([(replace(made(3), data='{"who": "man"}'), ())])
    with EventReader(folder) as reader:
        events, _ = reader.page(EventQuery())
    assert {event.text: event.data for event in events} == {
        'It rains.': '', made(3).text: '{"who": "man"}'}


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    folder = write(tmp_path / 'log', DAY[:2])
    broken = (*schema.MIGRATIONS, ('create table more (a)', 'create table events (a)'))
    with monkeypatch.context() as patched:
        patched.setattr(schema, 'MIGRATIONS', broken)
        with pytest.raises(EventLogError):
            EventLog(folder, BOUNDS)
    assert ids(folder) == [2, 1]


def test_a_full_disk_is_an_error_and_what_was_logged_stays(tmp_path):
    with EventLog(tmp_path / 'log', BOUNDS) as log:
        log.add([(made(1), ())])
        pages = log._connection.execute('pragma page_count').fetchone()[0]
        log._connection.execute(f'pragma max_page_count = {pages}')
        with pytest.raises(EventLogError, match='full'):
            log.add([(made(2), [Picture(0, bytes(10**6))])])
        assert log.count == 1
        log._connection.execute('pragma max_page_count = 1000000')
        log.add([(made(3), ())])
    assert len(ids(tmp_path / 'log')) == 2


def test_a_log_that_is_not_there_is_said(tmp_path):
    with pytest.raises(EventLogError, match='no event log'):
        EventReader(tmp_path)


def test_whatever_is_published_before_a_kill_is_in_the_log(tmp_path):
    rng = random.Random(time.time_ns())
    folder = tmp_path / 'log'
    published = set()
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name('writing_process.py')), str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stderr is not None
        lines = [process.stdout.readline() for _ in range(1 + rng.randrange(40))]
        time.sleep(rng.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        rest, errors = process.communicate()
        assert errors == ''
        whole = ''.join(lines) + rest
        published |= {int(line) for line in whole[:whole.rfind('\n')].split()}
    with EventReader(folder) as log:
        number, stored = 0, set()
        while page := log.page(EventQuery(), number, 1000)[0]:
            stored |= {event.ended for event in page}
            number += 1
    assert published and published - stored == set()
    with EventLog(folder, BOUNDS) as log:
        assert log._connection.execute('pragma integrity_check').fetchone() == ('ok',)
