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


import pytest

from streamo_ros.nodes.text_console.view import fitted
from streamo_ros.nodes.text_console.view import View

NODE = '/streamo'


def state(id='door', number=1, tick=True, standing=True, **more):
    return {
        'kind': 'state', 'node': NODE, 'camera': 'front', 'id': id, 'text': 'Tell me.', 'epoch': 1,
        'state': number, 'probabilities': (0.1, 0.7, 0.2), 'status': 'ok', 'detail': '',
        'age_s': 0.0, 'standing': standing, 'tick': (1.0, number, 0.7, 0.2) if tick else None,
        **more}


def answer(**more):
    return {'kind': 'answer', 'node': NODE, 'answer': {
        'id': 'door', 'camera': 'front', 'text': 'It opened.', 'complete': True, 'data': '',
        'data_error': '', **more}}


def test_where_nothing_else_shows_it_each_change_of_a_state_is_a_line():
    view = View([NODE], changes=True)
    assert view.take(state()) == ['STANDBY   0.70  door (front)  Tell me.']
    assert view.take(state()) == []
    assert view.take(state(number=0)) == ['silence   0.10  door (front)  Tell me.']
    assert View([NODE], changes=False).take(state()) == []


def test_an_answer_is_a_line_with_its_data():
    view = View([NODE], changes=False)
    assert view.take(answer()) == ['answer  door (front)  It opened.']
    assert view.take(answer(data='{"n": 1}', complete=False)) == [
        'answer  door (front)  It opened.  (cut short)  {"n": 1}']
    assert view.take(answer(data_error='it was cut')) == [
        'answer  door (front)  It opened.  no data: it was cut']


def test_data_that_comes_after_its_answer_is_a_line_of_its_own():
    view = View([NODE], changes=False)
    late = {'kind': 'data', 'node': NODE, 'number': 3, 'id': 'door', 'camera': 'front'}
    assert view.take({**late, 'data': '{"n": 1}', 'data_error': ''}) == [
        'data  door (front)  {"n": 1}']
    assert view.take({**late, 'data': '', 'data_error': 'it was cut'}) == [
        'data  door (front)  no data: it was cut']


def test_what_comes_and_goes_is_said_once():
    view = View([NODE], changes=False)
    here, gone = ({'kind': 'presence', 'node': NODE, 'present': on, 'starts': 0}
                  for on in (True, False))
    assert view.take(here) == ['/streamo is here'] and view.take(here) == []
    assert 'gone' in view.take(gone)[0] and view.take(gone) == []
    (again,) = view.take({**here, 'starts': 1, 'restarted': True})
    assert 'was started again' in again
    sick = {'kind': 'health', 'node': NODE, 'health': [
        {'part': 'stream', 'level': 'warn', 'message': 'no frame for 3 s'}]}
    assert view.take(sick) == ['stream: no frame for 3 s'] and view.take(sick) == []
    assert view.take({**sick, 'health': []}) == ['stream: well again']


def test_how_it_stands_fits_into_the_rows_there_are():
    view = View([NODE], changes=False)
    for number in range(9):
        view.take(state(f'i{number}'))
    view.take({'kind': 'presence', 'node': NODE, 'present': True, 'starts': 0})
    lines = view.now(4)
    assert lines[0] == '/streamo  well' and len(lines) == 4
    assert lines[-1] == '  and 7 more'
    assert view.ids() == [f'i{number}' for number in range(9)]
    view.take(state('i0', standing=False, tick=False))
    assert 'i0' not in view.ids()


def test_codes_that_a_terminal_would_obey_are_shown_and_not_obeyed():
    view = View([NODE], changes=True)
    hostile = 'a\x1b[2J\r\n\u202eb'
    for line in [*view.take(answer(text=hostile)), *view.take(state(text=hostile, id=hostile)),
                 *view.now(9)]:
        assert line.isprintable()


@pytest.mark.parametrize('columns, text', [(2, 'ab'), (3, 'ab'), (4, 'ab光'), (99, 'ab光e\u0301')])
def test_what_fits_is_counted_in_columns(columns, text):
    assert fitted('ab光e\u0301', columns) == text
