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


import json

import pytest

from streamo_ros.dialogue import answer_format
from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import InstructionError


def bounded(schema):
    return AnswerFormat(json_schema=json.dumps(schema)).bounded()


def test_neither_choices_nor_a_schema_is_no_format():
    assert answer_format([], '') is None
    assert answer_format(['a', 'b'], '') == AnswerFormat(('a', 'b'))
    with pytest.raises(InstructionError, match='either choices or a JSON schema'):
        answer_format(['a'], '{"type": "null"}')


def test_what_has_no_end_gets_one_wherever_it_stands():
    assert bounded({'type': 'object', 'properties': {
        'who': {'type': 'string'},
        'all': {'type': 'array', 'items': {'anyOf': [{'type': 'integer'}, {'enum': ['a']}]}},
    }}) == {
        'type': 'object', 'additionalProperties': False, 'properties': {
            'who': {'type': 'string', 'maxLength': 80},
            'all': {'type': 'array', 'maxItems': 8, 'items': {'anyOf': [
                {'type': 'integer', 'minimum': -10**9, 'maximum': 10**9}, {'enum': ['a']}]}}}}


def test_bounds_that_are_given_stay():
    schema = {'type': 'array', 'maxItems': 100, 'items': {
        'type': ['string', 'integer'], 'maxLength': 500, 'minimum': 0, 'exclusiveMaximum': 10}}
    assert bounded(schema) == schema
    assert bounded({'type': 'string', 'pattern': '^a{3}$'}) == {
        'type': 'string', 'pattern': '^a{3}$'}


def test_the_words_of_an_enumeration_are_no_schema():
    assert bounded({'enum': [{'type': 'string'}]}) == {'enum': [{'type': 'string'}]}
    assert bounded({'type': 'object', 'properties': {'items': {'const': 1}}})['properties'] == {
        'items': {'const': 1}}


@pytest.mark.parametrize('text, reason', [
    ('{', 'is no JSON'),
    ('\udcff', 'is no JSON'),
    ('[]', 'must be an object'),
    ('true', 'must be an object'),
    ('{}', 'has no type'),
    ('{"type": "array"}', 'without items'),
    ('{"type": "array", "items": true}', 'items must be an object'),
    ('{"type": "object", "properties": []}', 'properties must be an object'),
    ('{"anyOf": {}}', 'anyOf must be a list'),
    ('{"type": "object", "patternProperties": {}}', 'name the properties'),
    ('{"items": ' * 20 + '{}' + '}' * 20, 'has no type'),
    ('{"type": "array", "items": ' * 20 + '{}' + '}' * 20, 'nested more than 16 deep'),
    ('"' + 'a' * 20000 + '"', 'make it smaller'),
])
def test_a_schema_that_makes_no_sense_is_refused_with_the_reason(text, reason):
    with pytest.raises(InstructionError, match=reason):
        AnswerFormat(json_schema=text)


@pytest.mark.parametrize('choices', [
    ('a', 'a'), ('a', ''), ('a' * 201,), ('two\nlines',), tuple(map(str, range(65)))])
def test_choices_that_make_no_sense_are_refused(choices):
    with pytest.raises(InstructionError, match='choice'):
        AnswerFormat(choices)
