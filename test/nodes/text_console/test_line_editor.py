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

from streamo_ros.nodes.text_console.line_editor import LineEditor

UP, DOWN, LEFT, HOME, DELETE = b'\x1b[A', b'\x1b[B', b'\x1b[D', b'\x1b[H', b'\x1b[3~'


@pytest.mark.parametrize('keys, text, column', [
    (b'abc', 'abc', 3),
    (b'ac' + LEFT + b'b', 'abc', 2),
    ('Tür 光'.encode(), 'Tür 光', 6),
    (b'abc' + HOME + DELETE, 'bc', 0),
    (b'abc\x7f\x7f', 'a', 1),
    (b'one two \x17', 'one ', 4),
    (b'one two\x15x', 'x', 1),
    (b'one' + LEFT + LEFT + b'\x0b', 'o', 1),
    (b'a\x1b[200~b\x1b[9;5uc', 'abc', 3),      # codes of a terminal that mean nothing here
    (b'a\x07\xff', 'a\ufffd', 2),
])
def test_keys_make_a_line(keys, text, column):
    editor = LineEditor()
    for number in keys:     # a terminal over ssh cuts anywhere
        assert editor.take(bytes([number])) == []
    assert editor.shown(80) == (text, column)


def test_lines_come_back_with_the_arrow_keys():
    editor = LineEditor()
    assert editor.take(b'one\rtwo\rtwo\r \r') == ['one', 'two', 'two']
    editor.take(b'new' + UP)
    assert editor.text == 'two'
    editor.take(UP + UP)
    assert editor.text == 'one'
    editor.take(DOWN + DOWN)
    assert editor.text == ''


def test_a_line_longer_than_the_terminal_is_shown_where_the_cursor_is():
    editor = LineEditor()
    editor.take('abcd光'.encode())
    assert editor.shown(4) == ('d光', 3)
    editor.take(HOME)
    assert editor.shown(4) == ('abcd', 0)


def test_control_d_ends_only_an_empty_line():
    editor = LineEditor()
    editor.take(b'a\x04')
    assert not editor.ended
    editor.take(b'\x7f\x04')
    assert editor.ended
