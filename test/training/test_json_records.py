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

"""Files of records: every layout, broken records among good ones, and nothing half written."""

import json

import pytest

from streamo_ros.output import OutputError
from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training import json_records
from streamo_ros.training.json_records import FileError
from streamo_ros.training.json_records import read_members
from streamo_ros.training.json_records import read_records
from streamo_ros.training.json_records import RecordWriter
from streamo_ros.training.json_records import written_whole

RECORDS = [
    {'a': 'brackets ]}[{ and "]quotes\\" \\', 'b': [1, {'c': [2, 3]}]}, {}, {'ü': '\n€'}, [], 5,
    'x,y', None]
OBJECTS = RECORDS[:3]


def read(tmp_path, text, name='records.json'):
    """Return the records of a file, 'bad' for what is none."""
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return ['bad' if isinstance(record, BadRecord) else record for record in read_records(file)]


@pytest.fixture(params=[1, 2, 7, 1 << 16])
def chunk(request, monkeypatch):
    """Cut the file into pieces everywhere."""
    monkeypatch.setattr(json_records, 'CHUNK', request.param)


@pytest.mark.parametrize('indent', [None, 2])
@pytest.mark.parametrize('ascii', [False, True])
def test_an_array_is_read_record_by_record(tmp_path, chunk, indent, ascii):
    text = json.dumps(RECORDS, indent=indent, ensure_ascii=ascii)
    assert read(tmp_path, text) == RECORDS
    assert read(tmp_path, f'\ufeff \n{text} \n') == RECORDS


def test_an_object_and_objects_in_a_row_are_read(tmp_path, chunk):
    assert read(tmp_path, json.dumps(RECORDS[0], indent=2)) == RECORDS[:1]
    text = '\n'.join(json.dumps(record, indent=2) for record in OBJECTS)
    assert read(tmp_path, text) == OBJECTS


def test_lines_are_read_and_blank_ones_passed_over(tmp_path, chunk):
    text = '\n\n'.join(json.dumps(record) for record in OBJECTS)
    assert read(tmp_path, text) == OBJECTS
    assert read(tmp_path, text + '\n', 'records.jsonl') == OBJECTS


def test_an_array_of_nothing_has_no_records(tmp_path, chunk):
    assert read(tmp_path, '[ \n]') == []


@pytest.mark.parametrize('text, expected', [
    ('[{"a": 1}, {"a" 1}, {"a": 3}]', [{'a': 1}, 'bad', {'a': 3}]),
    ('[{"a": 1}, , {"a": 3}]', [{'a': 1}, 'bad', {'a': 3}]),
    ('[{"a": 1}},{"a": 3}]', ['bad', {'a': 3}]),
    ('[{"a": 1},]', [{'a': 1}, 'bad']),
    ('[{"a": 1}, {"a": "\\x"}, {"a": 3}]', [{'a': 1}, 'bad', {'a': 3}]),
    (b'[{"a": "\xff"}, {"a": 3}]', ['bad', {'a': 3}]),
    ('[{"a": 1}, {"a": 2', [{'a': 1}, 'bad']),
    ('[{"a": 1}', ['bad']),
    ('[{"a": 1}, {"a": 2]', [{'a': 1}, 'bad']),
    ('[{"a": 1}] {}', [{'a': 1}, 'bad']),
    ('{"a": 1}\n{"a": \n{"a": 3}\n', [{'a': 1}, 'bad', {'a': 3}]),
    ('{"a": 1', ['bad']),
    ('[' * 20_000 + ']' * 20_000, None),
])
def test_what_is_no_json_is_bad_in_its_place_and_the_rest_is_read(
        tmp_path, chunk, text, expected):
    if expected is None:  # an array of one record, too deep to be read
        expected = ['bad']
        text = text[:20_000] * 10 + text[20_000:] * 10
    assert read(tmp_path, text) == expected


@pytest.mark.parametrize('name', ['records.json', 'records.jsonl'])
def test_a_record_that_never_ends_does_not_fill_the_memory(tmp_path, monkeypatch, name):
    monkeypatch.setattr(json_records, 'LONGEST', 1000)
    monkeypatch.setattr(json_records, 'CHUNK', 100)
    text = '{"a": "' + 'x' * 10_000 + '"}\n{}'
    assert read(tmp_path, f'[{text}]' if name == 'records.json' else text, name) == ['bad']


def test_bytes_read_are_told_in_full(tmp_path):
    for text in ('[{}, {}]', '{}\n{}\n'):
        file = tmp_path / 'records.json'
        file.write_text(text * 1)
        counts = []
        list(read_records(file, counts.append))
        assert sum(counts) == pytest.approx(len(text), abs=1)  # but for the first byte


def test_a_missing_and_an_empty_file_are_refused_by_name(tmp_path):
    with pytest.raises(FileError, match=r'nowhere\.json cannot be read'):
        list(read_records(tmp_path / 'nowhere.json'))
    with pytest.raises(FileError, match='is empty'):
        read(tmp_path, ' \n')


@pytest.mark.parametrize('records', [[], RECORDS[:1], RECORDS])
def test_what_is_written_is_what_json_dump_writes(tmp_path, records):
    target = tmp_path / 'out.json'
    with written_whole(target) as file:
        writer = RecordWriter(file)
        for record in records:
            writer.write(record)
        writer.finish()
    assert target.read_text('utf-8') == json.dumps(records, indent=2, ensure_ascii=False)


def test_lines_are_written_and_read_again(tmp_path):
    target = tmp_path / 'out.jsonl'
    with written_whole(target) as file:
        writer = RecordWriter(file, lines=True)
        for record in OBJECTS:
            writer.write(record)
        writer.finish()
    assert target.read_text('utf-8').count('\n') == len(OBJECTS)
    assert list(read_records(target)) == OBJECTS


def test_half_a_character_is_refused_and_leaves_no_trace(tmp_path):
    target = tmp_path / 'out.json'
    with written_whole(target) as file:
        writer = RecordWriter(file)
        with pytest.raises(BadRecord, match='half a character'):
            writer.write({'a': '\ud83d'})
        writer.write({'a': 1})
        writer.finish()
    assert json.loads(target.read_bytes()) == [{'a': 1}]


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path):
    target = tmp_path / 'out.json'
    with pytest.raises(KeyboardInterrupt), written_whole(target) as file:
        file.write('half')
        file.flush()
        assert not target.exists()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    target.write_text('somebody wrote this')
    with pytest.raises(OutputError, match='is there already'), written_whole(target):
        pass
    assert target.read_text() == 'somebody wrote this'
    with pytest.raises(OutputError, match='cannot be written'):
        with written_whole(tmp_path / 'no' / 'out.json'):
            pass


def members(tmp_path, text):
    """Return the members of a file within `database`, 'bad' for what is none."""
    file = tmp_path / 'members.json'
    file.write_text(text)
    return [
        'bad' if isinstance(member, BadRecord) else (member.key, member.value)
        for member in read_members(file, 'database')]


@pytest.mark.parametrize('text, expected', [
    ('{}', []),
    ('{"a": {"b": [1, {"c": 2}]}, "d": null}', [('a', {'b': [1, {'c': 2}]}), ('d', None)]),
    ('{"a": 1, "a": 2}', [('a', 1), ('a', 2)]),
    ('{"version": "1", "database": {"}, ü": [{}], "b": 5}, "taxonomy": [{"x": 1}]}',
     [('version', '1'), ('}, ü', [{}]), ('b', 5)]),
    ('{"taxonomy": [{"database": {"x": 1}}], "database" : {"a": {"database": {}}}}',
     [('taxonomy', [{'database': {'x': 1}}]), ('a', {'database': {}})]),
    ('{"database": 5}', [('database', 5)]),
    ('{"database": {"a": 1, "b" 2, , "c": 3}}', [('a', 1), 'bad', 'bad', ('c', 3)]),
    ('{"database": {"a": {"b": 1}, "c": {"d": 2', [('a', {'b': 1}), 'bad']),
    ('{"a": 1} {"b": 2}', [('a', 1), 'bad']),
    ('[{"a": 1}]', ['bad']),
])
def test_members_are_read_one_by_one_and_those_of_the_database_alone(
        tmp_path, chunk, text, expected):
    assert members(tmp_path, text) == expected
    assert members(tmp_path, f'\ufeff \n{text} \n') == expected


def test_an_object_that_never_ends_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(json_records, 'LONGEST', 1000)
    monkeypatch.setattr(json_records, 'CHUNK', 100)
    assert members(tmp_path, '{"database": {"a": "' + 'x' * 10_000 + '"}}') == ['bad']
