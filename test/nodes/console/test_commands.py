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

"""What browsers ask for is checked field by field."""

import json

import pytest

from streamo_ros.nodes.console.commands import CommandError
from streamo_ros.nodes.console.commands import read_command

WELL = {'number': 3, 'do': 'instruct', 'node': '/streamo', 'text': 'Tell me.', 'camera': '',
        'once': True}


def test_a_command_is_read():
    command = read_command(json.dumps(WELL))
    assert (command.number, command.do, command.node) == (3, 'instruct', '/streamo')
    assert command.fields == {
        'text': 'Tell me.', 'camera': '', 'once': True, 'choices': (), 'json_schema': ''}


def test_an_instruction_may_ask_for_data():
    asked = {'choices': ['open', 'shut'], 'json_schema': '{}'}
    fields = read_command(json.dumps({**WELL, **asked})).fields
    assert (fields['choices'], fields['json_schema']) == (('open', 'shut'), '{}')
    checked = read_command(json.dumps(
        {'number': 1, 'do': 'check', 'node': '/streamo', **asked})).fields
    assert checked == {'choices': ('open', 'shut'), 'json_schema': '{}'}


@pytest.mark.parametrize('data, says', [
    ('', 'JSON'), ('{', 'JSON'), ('[' * 100_000, 'JSON'), ('[]', 'object'), ('null', 'object'),
    ('{}', 'number'), ('{"number": true}', 'number'), ('{"number": -1}', 'number'),
    ('{"number": 1e400}', 'number'), ('{"number": 1}', 'what to do'),
    ('{"number": 1, "do": ["reset"]}', 'what to do'),
    ('{"number": 1, "do": "__class__"}', 'what to do'),
    ('{"number": 1, "do": "reset"}', 'node'), ('{"number": 1, "do": "reset", "node": 3}', 'node'),
])
def test_what_is_no_command_is_refused(data, says):
    with pytest.raises(CommandError, match=says):
        read_command(data)


@pytest.mark.parametrize('change, says', [
    ({'text': ''}, 'text must not be empty'), ({'text': ' \n'}, 'text must not be empty'),
    ({'text': 'x' * 4097}, 'text must be'), ({'text': 3}, 'text must be'),
    ({'text': 'a\ud800'}, 'text has letters'), ({'camera': '\udfff'}, 'camera has letters'),
    ({'choices': 'open'}, 'choices must be a list of texts'),
    ({'choices': {'open': 1}}, 'choices must be a list'), ({'choices': [1]}, 'choices must be'),
    ({'choices': ['a\ud800']}, 'choices has letters'), ({'json_schema': {}}, 'json_schema must'),
    ({'json_schema': '"\udfff"'}, 'json_schema has letters'),
    ({'once': 'yes'}, 'once must be'), ({'once': None}, 'once must be'),
    ({'camera': 'x' * 257}, 'camera must be'), ({'more': 1}, 'no such fields: more'),
    ({'do': 'set', 'name': 'fps', 'value': '3'}, 'value must be'),
    ({'do': 'set', 'name': 'fps', 'value': True}, 'value must be'),
    ({'do': 'set', 'name': 'fps', 'value': float('nan')}, 'value must be'),
    ({'do': 'set', 'name': 'fps', 'value': float('inf')}, 'value must be'),
])
def test_a_field_that_does_not_fit_is_named_with_the_number_of_the_command(change, says):
    with pytest.raises(CommandError, match=says) as raised:
        read_command(json.dumps({**WELL, **change}))
    assert raised.value.args[1] == 3
