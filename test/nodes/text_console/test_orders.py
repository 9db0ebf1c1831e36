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

from streamo_ros.nodes.text_console.orders import OrderError
from streamo_ros.nodes.text_console.orders import read_order

IDS = ['console-a1', 'console-b2', 'door']


class Link:
    """Notes what it is asked for."""

    def __init__(self):
        self.asked = []
        self.log = self

    def __getattr__(self, name):
        return lambda *arguments, **more: self.asked.append(
            (name, *arguments[:-1], *more.items()))


@pytest.mark.parametrize('typed, asked', [
    ('Tell me when it rains.', ('instruct', 'Tell me when it rains.', '', False)),
    ('//etc is no command', ('instruct', '/etc is no command', '', False)),
    ('/once Tell me.', ('instruct', 'Tell me.', '', True)),
    ('/on front Tell me.', ('instruct', 'Tell me.', 'front', False)),
    ('/choose wide open, shut : Tell me: which?',
     ('instruct', 'Tell me: which?', '', False, ('choices', ['wide open', 'shut']))),
    ('/choose "a, b" ,"at 10:30", 12" disc, don\'t know,, "say \\"so\\" \\\\": Tell me: "which"?',
     ('instruct', 'Tell me: "which"?', '', False, (
         'choices', ['a, b', 'at 10:30', '12" disc', "don't know", 'say "so" \\']))),
    ('/withdraw door', ('withdraw', 'door')),
    ('/withdraw console-b', ('withdraw', 'console-b2')),
    ('/clear', ('clear',)),
    ('/reset', ('reset',)),
    ('/pause', ('enable', False)),
    ('/go', ('enable', True)),
    ('/ask What happened?', ('ask', 'What happened?', '', 0.0)),
])
def test_what_is_typed_is_asked_of_the_node(typed, asked):
    link = Link()
    read_order(typed, IDS).carry_out(link, lambda value, trouble: None)
    assert link.asked == [asked]


@pytest.mark.parametrize('typed, reason', [
    ('/clea', '/help says'), ('/once ', '/help says'), ('/on front', '/help says'),
    ('/choose Tell me.', 'as in /choose'), ('/choose open, shut:', 'as in /choose'),
    ('/choose : Tell me.', 'as in /choose'), ('/choose', '/help says'),
    ('/choose "a, b: Tell me.', 'as in /choose'), ('/choose a, "b" c: Tell me.', 'as in /choose'),
    ('/choose "": Tell me.', 'as in /choose'), ('/choose "a: Tell me."', 'as in /choose'),
    ('/clear all', '/help says'), ('/withdraw console', '2 instructions'),
    ('/withdraw window', '0 instructions'), ('a' * 5000, 'too long')])
def test_what_makes_no_sense_is_said(typed, reason):
    with pytest.raises(OrderError, match=reason):
        read_order(typed, IDS)
