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

"""Output goes only where nothing of anybody else's is destroyed."""

from contextlib import suppress
import json
import os
from pathlib import Path
import random
import stat
import subprocess
import sys

import pytest

from streamo_ros.output import check_figures
from streamo_ros.output import check_replaceable
from streamo_ros.output import folder_name
from streamo_ros.output import lines_with
from streamo_ros.output import MARK
from streamo_ros.output import OutputError
from streamo_ros.output import OutputFolder
from streamo_ros.output import write_json
from streamo_ros.output import write_text
from streamo_ros.output import written

DECOY = 'weeks of work\n'


def snapshot(folder):
    """Return all that there is to know of a folder: types, links, contents, inodes."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            status = os.lstat(path)
            content = (
                os.readlink(path) if stat.S_ISLNK(status.st_mode)
                else open(path, 'rb').read() if stat.S_ISREG(status.st_mode) else status.st_rdev)
            found[path] = status.st_mode, status.st_ino, content
    return found


def test_figures_replace_figures_and_nothing_else(tmp_path):
    file = tmp_path / 'figures.json'
    write_json(file, {'f1': 0.5})
    write_json(file, {'other': 1})
    assert json.loads(file.read_text())['other'] == 1
    for decoy in (DECOY, '{"f1": 0.5}', '[1]', '{}', '\x00'):
        file.write_text(decoy)
        with pytest.raises(OutputError, match='not written by this command'):
            write_json(file, {'f1': 0.5})
        assert file.read_text() == decoy
    file.write_text('')
    write_json(file, {'f1': 0.5})
    assert list(tmp_path.iterdir()) == [file]


def test_lines_are_known_by_their_keys(tmp_path):
    file = tmp_path / 'decisions.jsonl'
    write_text(file, '{"stamp": 1, "state": 2}\n')
    write_text(file, '{"stamp": 3, "state": 2}\n', lines_with('stamp', 'state'))
    with pytest.raises(OutputError):
        write_text(file, 'x', lines_with('stamp'))
    assert file.read_text() == '{"stamp": 3, "state": 2}\n'


def test_a_link_stays_and_what_it_leads_to_is_judged(tmp_path):
    ours, decoy = tmp_path / 'ours.json', tmp_path / 'decoy.json'
    write_json(ours, {'a': 1})
    decoy.write_text(DECOY)
    link = tmp_path / 'link'
    link.symlink_to(ours)
    write_json(link, {'a': 2})
    assert link.is_symlink() and json.loads(ours.read_text())['a'] == 2
    link.unlink()
    link.symlink_to(decoy)
    with pytest.raises(OutputError):
        write_json(link, {'a': 2})
    assert link.is_symlink() and decoy.read_text() == DECOY
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(OutputError):
        write_json(link, {'a': 2})
    assert link.is_symlink()


def test_devices_are_written_through_and_stay(tmp_path):
    before = os.stat('/dev/null')
    write_json(Path('/dev/null'), {'a': 1})
    assert os.stat('/dev/null').st_rdev == before.st_rdev
    with pytest.raises(OutputError, match='space'):
        write_json(Path('/dev/full'), {'a': 1})
    assert stat.S_ISCHR(os.stat('/dev/full').st_mode)


def test_a_pipe_is_written_through_and_never_waited_for(tmp_path):
    pipe = tmp_path / 'pipe'
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match='nobody reads'):
        write_text(pipe, DECOY)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, DECOY)
    assert os.read(reader, 100).decode() == DECOY
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_standard_output_is_the_open_file_itself(tmp_path):
    out = tmp_path / 'out'
    code = ("from pathlib import Path\nfrom streamo_ros.output import write_json\n"
            "print('before', flush=True)\nwrite_json(Path('/dev/stdout'), {'a': 1})\n"
            "print('after')")
    with out.open('w') as file:
        subprocess.run([sys.executable, '-c', code], stdout=file, check=True)
    lines = out.read_text().splitlines()
    assert lines[0] == 'before' and lines[-1] == 'after' and '"a": 1' in lines[-3]


def test_what_was_there_survives_a_writer_that_fails(tmp_path):
    file = tmp_path / 'figures.json'
    write_json(file, {'a': 1})
    before = snapshot(tmp_path)
    with pytest.raises(ZeroDivisionError):
        with written(file, lambda head: True) as out:
            out.write(b'half')
            raise ZeroDivisionError
    assert snapshot(tmp_path) == before


def test_a_file_that_cannot_be_is_one_sentence(tmp_path):
    for target, sentence in (
            (tmp_path, 'is a folder'), (tmp_path / 'no' / 'file', 'make it first'),
            (tmp_path / ('x' * 300), 'cannot be'), (tmp_path / 'nul\0', 'cannot be')):
        with pytest.raises(OutputError, match=sentence):
            write_text(target, DECOY)


def test_where_nothing_may_be_written_is_known_before_the_work(tmp_path, monkeypatch):
    write_json(tmp_path / 'figures', {})
    monkeypatch.setattr(os, 'access', lambda path, mode: Path(path) != tmp_path)
    for name in ('figures', 'new'):
        with pytest.raises(OutputError, match='may not be written to'):
            check_figures(tmp_path / name)
    (tmp_path / 'circle').symlink_to('circle')
    for name in ('circle', 'circle/in'):
        for coming in (None, tmp_path / 'coming', tmp_path / 'circle'):
            with pytest.raises(OutputError, match='circle'):
                check_figures(tmp_path / name, coming)
    check_figures(Path('/dev/null'))
    check_figures(None)


def test_a_private_file_is_for_its_user_alone(tmp_path):
    write_text(tmp_path / 'state', DECOY, private=True)
    write_text(tmp_path / 'open', DECOY)
    assert (tmp_path / 'state').stat().st_mode & 0o077 == 0
    assert (tmp_path / 'open').stat().st_mode & 0o044 == 0o044


def test_a_folder_is_taken_when_new_empty_or_ours(tmp_path):
    for text in '12':
        with OutputFolder(tmp_path / 'a' / 'b', 'evaluation', {'fps': 1}) as folder:
            folder.write_text('report.json', text)
        assert (folder.path / 'report.json').read_text() == text
    with pytest.raises(OutputError, match='another fps'):
        OutputFolder(folder.path, 'evaluation', {'fps': 2}).__enter__()
    with pytest.raises(OutputError, match='another kind'):
        OutputFolder(folder.path, 'training', {'fps': 1}).__enter__()
    (tmp_path / 'empty').mkdir()
    with OutputFolder(tmp_path / 'empty', 'training'):
        pass


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / 'metadata.yaml').write_text(DECOY)
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match='did not make'):
        OutputFolder(tmp_path, 'evaluation').__enter__()
    with pytest.raises(OutputError, match='no folder'):
        OutputFolder(tmp_path / 'metadata.yaml', 'evaluation').__enter__()
    assert snapshot(tmp_path) == before


def test_a_run_that_fails_before_it_wrote_anything_leaves_no_trace(tmp_path):
    (tmp_path / 'empty').mkdir()
    for folder in (tmp_path / 'new', tmp_path / 'empty'):
        with pytest.raises(ZeroDivisionError), OutputFolder(folder, 'training'):
            raise ZeroDivisionError
    assert [entry.name for entry in tmp_path.iterdir()] == ['empty']
    assert not any((tmp_path / 'empty').iterdir())
    with pytest.raises(ZeroDivisionError), OutputFolder(tmp_path / 'new', 'training') as folder:
        folder.write_text('plan.json', '{}')
        raise ZeroDivisionError
    assert (tmp_path / 'new' / MARK).is_file()


def test_a_link_in_a_folder_of_ours_is_not_written_through(tmp_path):
    decoy = tmp_path / 'decoy'
    decoy.write_text(DECOY)
    with OutputFolder(tmp_path / 'out', 'evaluation') as folder:
        (folder.path / 'report.json').symlink_to(decoy)
        (folder.path / 'bags').symlink_to(tmp_path)
        with pytest.raises(OutputError, match='no plain file'):
            folder.write_text('report.json', 'x')
        folder.clear()
        assert [entry.name for entry in folder.path.iterdir()] == [MARK]
    assert decoy.read_text() == DECOY


def test_two_runs_at_once_are_refused_and_a_killed_one_leaves_no_lock(tmp_path):
    code = ('from pathlib import Path\nfrom streamo_ros.output import OutputFolder\n'
            f"with OutputFolder(Path({str(tmp_path / 'out')!r}), 'evaluation'):\n"
            "    print('held', flush=True)\n    input()")
    holder = subprocess.Popen(
        [sys.executable, '-c', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b'held\n'
    with pytest.raises(OutputError, match='in use'):
        OutputFolder(tmp_path / 'out', 'evaluation').__enter__()
    holder.kill()
    holder.communicate()
    with OutputFolder(tmp_path / 'out', 'evaluation'):
        pass


def test_names_of_folders_lead_nowhere_else():
    assert folder_name('monday') == 'monday' and folder_name('mon day.2') == 'mon day.2'
    for name in ('...', '..', '.', '', '/', '../up', '.hidden', 'a/b', 'a\0b', ' . '):
        made = folder_name(name)
        assert made and not made.startswith('.') and '/' not in made and '\0' not in made


def test_no_decoy_changes_whatever_the_target(tmp_path):
    """What is written may fail; a file, link, pipe, device or folder of others never changes."""
    yard = tmp_path / 'yard'
    bag = yard / 'bags' / 'monday'
    bag.mkdir(parents=True)
    for file in (yard / 'notes.txt', bag / 'metadata.yaml', bag / 'monday.mcap',
                 yard / 'config.json', yard / 'figures.json'):
        file.write_text(DECOY)
    (yard / 'link').symlink_to(yard / 'notes.txt')
    (yard / 'folder link').symlink_to(bag)
    (yard / 'dangling').symlink_to(tmp_path / 'nowhere' / 'at all')
    os.mkfifo(yard / 'pipe')
    before = snapshot(yard)
    names = sorted(before) + [str(yard), '.', '..', str(yard / 'link' / 'x')]
    rng = random.Random(4)
    here = os.getcwd()
    os.chdir(yard)
    try:
        for _ in range(1000):
            target = rng.choice(names)
            if rng.random() < 0.3:
                target = os.path.relpath(target)
            attempt = rng.choice((
                lambda path: write_json(path, {'a': 1}),
                lambda path: write_text(path, 'x', lines_with('a')),
                check_replaceable,
                lambda path: OutputFolder(path, 'evaluation').__enter__()))
            with suppress(OutputError):
                attempt(Path(target))
    finally:
        os.chdir(here)
    assert snapshot(yard) == before
