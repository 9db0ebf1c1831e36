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

"""Two nodes where there may be one: the second says so, and whoever dies gives way."""

import os
import signal

LIGHT = 'Tell me when the light goes off or on.'


def await_node(graph, name='/streamo'):
    console = graph.console(name)
    console.await_any('the node', lambda state: True)
    return console


def test_a_second_node_of_one_name_ends_with_a_sentence_and_the_first_goes_on(graph):
    first = graph.start(fault='well')
    console = await_node(graph)
    second = graph.start(fault='well')
    assert second.wait() == 1
    assert 'a node /streamo runs already in ROS domain' in second.log
    assert 'Traceback' not in second.log
    console.await_report()
    assert first.runs
    elsewhere = graph.start('__ns:=/left', fault='well')
    await_node(graph, '/left/streamo')
    assert elsewhere.runs


def test_the_name_of_a_node_that_was_killed_is_free_at_once(graph):
    first = graph.start(fault='well')
    await_node(graph)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = graph.start(fault='well')
    await_node(graph).await_report()
    assert second.runs


def test_of_two_nodes_with_one_state_file_the_second_keeps_nothing_and_says_so(graph):
    file = graph.folder / 'state.json'
    options = {'fault': 'well', 'state_file': file}
    graph.start('__ns:=/left', **options)
    left = await_node(graph, '/left/streamo')
    right = graph.start('__ns:=/right', **options)
    await_node(graph, '/right/streamo').ask('Tell me something else.', 'right')
    graph.wait(lambda: 'is in use by another node' in right.log, 'the sentence')
    left.ask(LIGHT, 'light')
    graph.wait(lambda: file.exists() and LIGHT in file.read_text(), 'the file of the left')
    assert 'something else' not in file.read_text()
    assert right.runs and 'Traceback' not in right.log
