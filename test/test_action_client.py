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

import threading

import pytest
import rclpy
from rclpy.action import ActionServer
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from streamo_ros.action import Ask
from streamo_ros.action_client import ActionClient
from streamo_ros.nodes.tools.domain import own_domain

PATIENCE_S = 60.0
EARLY_S = 0.5  # what an answer gets to overtake its request


class Overtaken:
    """A handle whose requests are noted only after their answers came, if those are taken."""

    def __init__(self, client):
        self._handle = client._client_handle
        self._taken = threading.Event()
        client._client_handle = self

    def __getattr__(self, name):
        found = getattr(self._handle, name)
        if name.startswith('send_'):
            def send(request):
                self._taken.clear()
                number = found(request)
                self._taken.wait(EARLY_S)
                return number
            return send
        if name.startswith('take_') and name.endswith('_response'):
            def take(kind):
                taken = found(kind)
                self._taken.set()
                return taken
            return take
        return found


@pytest.fixture
def node():
    with own_domain() as domain:
        context = Context()
        rclpy.init(args=[], context=context, domain_id=domain)
        node = rclpy.create_node('robot', context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        spinner = threading.Thread(target=executor.spin)
        spinner.start()
        yield node
        executor.shutdown()
        spinner.join()
        node.destroy_node()
        rclpy.shutdown(context=context)


def done(future):
    """Wait for a future that another thread completes; return its result."""
    completed = threading.Event()
    future.add_done_callback(lambda _: completed.set())
    assert completed.wait(PATIENCE_S)
    return future.result()


def test_an_answer_that_comes_before_its_request_is_noted_is_not_lost(node):
    def execute(handle):
        handle.succeed()
        return Ask.Result(answer='twice')

    server = ActionServer(node, Ask, 'ask', execute)
    client = ActionClient(node, Ask, 'ask')
    assert client.wait_for_server(PATIENCE_S)
    Overtaken(client)
    handle = done(client.send_goal_async(Ask.Goal(question='How often?')))
    assert handle.accepted
    assert done(handle.get_result_async()).result.answer == 'twice'
    assert done(handle.cancel_goal_async()).goals_canceling == []  # it is over
    client.destroy()
    server.destroy()


def test_the_executor_may_ask_for_a_client_that_is_not_all_made(node, monkeypatch):
    add = node.add_waitable

    def asked_at_once(waitable):
        add(waitable)
        waitable.get_num_entities()
        with waitable._lock:    # as Kilted's does when it is asked
            pass

    monkeypatch.setattr(node, 'add_waitable', asked_at_once)
    ActionClient(node, Ask, 'ask').destroy()
