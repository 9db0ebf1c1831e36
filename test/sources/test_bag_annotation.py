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

"""Annotations: what may be written, and what is said of what may not."""

import re
import textwrap

import pytest

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.sources import bag_annotation
from streamo_ros.sources.bag_annotation import AnnotationError
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import annotations_beside
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import read_annotations
from streamo_ros.sources.bag_annotation import write_annotations

DOOR = Asked(
    'door', 'Tell me when the door opens.', 12.5, '/front/image_raw', 'monday', 'event_caption',
    'door', (Expected(20.0, 22.4, 'The door opened.'),), AnswerFormat(('ajar', 'wide open')))


def read(tmp_path, text, name='annotations.yaml'):
    (tmp_path / name).write_text(textwrap.dedent(text), encoding='utf-8')
    return read_annotations(tmp_path / name)


def test_the_example_of_the_documentation_is_read(tmp_path):
    example = re.search(r'code-block:: yaml\n(.*?)\n\n\S', bag_annotation.__doc__, re.DOTALL)[1]
    assert read(tmp_path, example) == Annotations((DOOR,))


@pytest.mark.parametrize('name', ['annotations.yaml', 'annotations.json'])
@pytest.mark.parametrize('absolute', [False, True])
def test_what_is_written_is_read_back(tmp_path, name, absolute):
    written = Annotations(
        (DOOR, Asked('2', 'Was?'), Asked('3', 'Überhaupt?', events=()),
         Asked('4', 'Und?', answer=AnswerFormat((), '{"type": "boolean"}'))), absolute)
    write_annotations(written, tmp_path / name)
    assert read_annotations(tmp_path / name) == written
    assert annotations_beside(tmp_path) == tmp_path / name


def test_little_is_enough(tmp_path):
    found = read(tmp_path, """
        instructions:
        - text: Tell me when it rains.
        - text: Tell me when it stops.
          events: [{start: 3}]
        """)
    one, other = found.instructions
    assert (one.id, other.id, one.asked, one.events) == ('1', '2', 0.0, None)
    assert other.events == (Expected(3.0, 3.0, ''),)


def test_a_bag_gets_its_own_and_what_is_for_all():
    every = Asked('all', 'Tell me when it rains.')
    assert Annotations((DOOR, every)).of('tuesday') == Annotations((every,))
    assert Annotations((DOOR, every)).of('monday') == Annotations((DOOR, every))


@pytest.mark.parametrize('text, word', [
    ('[', 'cannot be read'),
    ('- text: a', 'no list named instructions'),
    ('instructions: 3', 'no list named instructions'),
    ('stamps: local\ninstructions: []', 'relative or absolute'),
    ('instructions: [{asked: 3}]', 'instruction 1 has no text'),
    ('instructions: [{text: a}, {text: b, when: 3}]', 'instruction 2 has when; there may be text'),
    ('instructions: [{text: yes it is, asked: soon}]', "asked is 'soon', not a number of seconds"),
    ('instructions: [{text: a, asked: .inf}]', 'asked is inf'),
    ('instructions: [{text: 3}]', 'text is 3, not a text'),
    ('instructions: [{text: a, events: [{end: 3}]}]', 'instruction 1, event 1 has no start'),
    ('instructions: [{text: a, events: [{start: 3, end: 2}]}]', 'event 1 ends at 2.0, before'),
    ('instructions: [{text: a, events: [3]}]', 'event 1 is 3, not a mapping'),
    ('instructions: [{text: a, choices: [yes, 3]}]', 'each of the choices is a text'),
    ('instructions: [{text: a, choices: [b, b]}]', 'instruction 1: there are 2 choices'),
    ('instructions: [{text: a, choices: [b], schema: {type: string}}]', 'either choices or a'),
    ('instructions: [{text: a, schema: string}]', "schema is 'string', not a mapping"),
    ('instructions: [{text: a, schema: {type: string, maxLength: .inf}}]', 'instruction 1: '),
    ('instructions: [{text: a, id: b}, {text: c, id: b}]', "the id 'b' is given twice"),
])
def test_what_makes_no_sense_is_refused_by_name(tmp_path, text, word):
    with pytest.raises(AnnotationError, match=re.escape(word)):
        read(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(AnnotationError, match='none.yaml'):
        read_annotations(tmp_path / 'none.yaml')
