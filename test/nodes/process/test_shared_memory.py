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

"""What is removed of dead processes, and what is left alone."""

import fcntl
import os
from pathlib import Path
import re
import signal
import time

from streamo_ros.nodes.process.shared_memory import clean_shared_memory
from streamo_ros.nodes.process.shared_memory import Left
from streamo_ros.nodes.process.shared_memory import SHARED

DEAD, LIVE, PORT = 'fastrtps_0123456789abcdef', 'fastrtps_fedcba9876543210', 'fastrtps_port7411'
DEAD_3, PORT_3 = 'fastdds_0123456789abcdef', 'fastdds_port7411'  # of Fast DDS 3
OLD = time.time() - 3600


def make(folder, *names, when=OLD):
    for name in names:
        (folder / name).write_bytes(b'x')
        os.utime(folder / name, (when, when))


def test_what_nobody_holds_goes_with_its_lock_and_what_lives_stays(tmp_path):
    make(tmp_path, DEAD, f'{DEAD}_el', LIVE, f'{LIVE}_el', 'fastrtps_other', 'my_el',
         'fastest_0123456789abcdef_el', DEAD_3, f'{DEAD_3}_el')
    with (tmp_path / f'{LIVE}_el').open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert clean_shared_memory(tmp_path) == Left(removed=4)
    assert {path.name for path in tmp_path.iterdir()} == {
        LIVE, f'{LIVE}_el', 'fastrtps_other', 'my_el', 'fastest_0123456789abcdef_el'}


def test_ports_stay_for_another_process_may_be_about_to_listen_there(tmp_path):
    left = {f'{port}{end}' for port in (PORT, PORT_3) for end in ('', '_el', '_sl')}
    make(tmp_path, *left, *(f'sem.{port}_mutex' for port in (PORT, PORT_3)))
    assert clean_shared_memory(tmp_path) == Left()
    assert len(list(tmp_path.iterdir())) == 8


def test_what_is_just_being_made_stays(tmp_path):
    make(tmp_path, DEAD, f'{DEAD}_el', when=time.time())
    assert clean_shared_memory(tmp_path) == Left()
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_of_others_is_said_and_stays(tmp_path, monkeypatch):
    make(tmp_path, DEAD, f'{DEAD}_el')
    mine = os.geteuid()
    monkeypatch.setattr(os, 'geteuid', lambda: mine + 1)
    left = clean_shared_memory(tmp_path)
    assert (left.removed, left.others) == (0, 1) and 'fastdds shm clean' in left.sentence
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path):
    precious = tmp_path / 'precious'
    precious.write_text('mine')
    (tmp_path / f'{DEAD}_el').symlink_to(precious)
    assert clean_shared_memory(tmp_path, 0.0) == Left()
    assert precious.read_text() == 'mine'


def segments(pid):
    """Return the files of Fast DDS in shared memory that are a process's own."""
    found = set()
    for descriptor in Path(f'/proc/{pid}/fd').iterdir():
        if match := re.fullmatch(
                rf'{SHARED}/(fast(?:rtps|dds)_[0-9a-f]{{16}})_el', os.readlink(descriptor)):
            found |= {match[1], f'{match[1]}_el'}
    return found


def test_the_next_node_removes_what_a_killed_one_has_left_and_no_other(shared_memory, graph):
    dead, live = graph.start(fault='well'), graph.start('__ns:=/left', fault='well')
    for name in ('/streamo', '/left/streamo'):
        graph.console(name).await_any('the node', lambda state: True)
    of_dead, of_live = segments(dead.pid), segments(live.pid)
    assert of_dead and of_live
    os.kill(dead.pid, signal.SIGKILL)
    dead.wait()
    assert all((SHARED / name).exists() for name in of_dead)
    for name in of_dead:
        os.utime(SHARED / name, (OLD, OLD))
    graph.start(fault='well')
    graph.wait(lambda: not any((SHARED / name).exists() for name in of_dead), 'its files to go')
    assert all((SHARED / name).exists() for name in of_live)
