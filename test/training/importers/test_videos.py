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

"""Films are found by path, name or identifier; the film's own length counts most."""

import pytest
from rendered_video import write_room

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.importers.videos import Videos
from streamo_ros.training.json_records import FileError


@pytest.fixture
def folder(tmp_path):
    for name in ('how_to/a.mp4', 'other/a.mp4', 'x.b.1_60.0_210.0.webm', 'c.mov.mp4', 'd.MKV',
                 'deep/er/still/e.avi', '.hidden/f.mp4', 'g.txt', 'v_h.mp4', 'other/d.mp4'):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b'')
    return tmp_path


@pytest.mark.parametrize('name, other, path', [
    ('how_to/a.mp4', '', 'how_to/a.mp4'), ('other/a.webm', '', 'other/a.mp4'),
    ('set/other/a', '', 'other/a.mp4'), ('a.mp4', '', 'how_to/a.mp4'),
    ('x.b.1_60.0_210.0', '', 'x.b.1_60.0_210.0.webm'), ('c.mov', '', 'c.mov.mp4'),
    ('c', '', 'c.mov.mp4'), ('d', '', 'd.MKV'), ('other/d', '', 'other/d.mp4'),
    ('d.mp4', '', 'other/d.mp4'), ('e.mpg', '', 'deep/er/still/e.avi'), ('h', 'v_h', 'v_h.mp4'),
])
def test_a_film_is_found(folder, name, other, path):
    notes = []
    film = Videos(folder).film('set', name, notes.append, duration=9, other=other)
    assert (film.path, film.name) == (path, path.rpartition('/')[2])
    assert {note.kind for note in notes} == {'unreadable-video'}


@pytest.mark.parametrize('name, path', [
    ('f', 'f.mp4'), ('g.txt', 'g.txt.mp4'), ('q/z.mov', 'q/z.mov'), ('%', '%.mp4'),
    ('_', '_.mp4')])
def test_a_film_that_is_not_there_is_told_and_named_all_the_same(folder, name, path):
    notes = []
    film = Videos(folder).film('set', name, notes.append, duration='0:09')
    assert (film.path, film.duration) == (path, 9)
    assert [note.kind for note in notes] == ['no-video']


def test_a_films_own_length_counts_most_then_what_is_given_then_the_annotation(tmp_path):
    write_room(tmp_path / 'a.mp4', 5)
    durations = {'a.mp4': 7, 'b.mp4': '8.5', 'set/c.mp4': 9}
    videos, notes = Videos(tmp_path, durations), []
    assert videos.film('', 'a', notes.append, duration=30).duration == pytest.approx(5)
    assert notes == []
    assert videos.film('', 'b', notes.append, duration=30).duration == 8.5
    assert videos.film('', 'set/c.mp4', notes.append, duration=30).duration == 9
    assert videos.film('', 'd', notes.append, duration=30).duration == 30
    assert videos.film('', 'e', notes.append, duration='').duration is None
    assert [note.kind for note in notes if note.kind != 'no-video'] == ['no-duration']


@pytest.mark.parametrize('duration', ['long', 0, -1, True, [], 1e7, float('inf')])
def test_a_length_that_is_none_is_bad(tmp_path, duration):
    with pytest.raises(BadRecord) as raised:
        Videos(tmp_path).film('', 'a', lambda note: None, duration=duration, field='length')
    assert raised.value.field == 'length'


def test_links_in_a_circle_and_names_of_any_bytes_do_no_harm(tmp_path):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in' / 'up').symlink_to(tmp_path)
    (tmp_path / 'in' / 'itself').symlink_to('itself')
    (tmp_path / 'in' / 'a.mp4').write_bytes(b'')
    (tmp_path / 'away').mkdir()
    (tmp_path / 'away' / 'b.mp4').write_bytes(b'')
    (tmp_path / 'in' / 'away').symlink_to(tmp_path / 'away')
    with open(bytes(tmp_path) + b'/\xff.mp4', 'wb'):
        pass
    videos = Videos(tmp_path / 'in')
    for name, path in (('a', 'a.mp4'), ('b', 'away/b.mp4')):
        assert videos.film('', name, lambda note: None, duration=5).path == path
    assert Videos(tmp_path).film('', 'a', lambda note: None, duration=5).path == 'in/a.mp4'


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(FileError, match='is no folder'):
        Videos(tmp_path / 'nowhere')
