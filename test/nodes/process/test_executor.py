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

"""Callbacks run one after the other in the thread that spins; the slow ones beside it."""

import threading

from builtin_interfaces.msg import Time
import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.context import Context
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Empty
from waiting import wait_for

from streamo_ros.nodes.process.executor import NodeExecutor
from streamo_ros.nodes.sim_time import check_clock
from streamo_ros.nodes.tools.domain import own_domain
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S


@pytest.fixture
def node():
    with own_domain() as domain:
        context = Context()
        rclpy.init(context=context, domain_id=domain)
        node = rclpy.create_node('fast_and_slow', context=context)
        yield node
        node.destroy_node()
        context.shutdown()


@pytest.fixture
def spinning(node):
    """Yield a function that has the executor spin in a thread, and return the thread."""
    executor = NodeExecutor(node)
    spinner = threading.Thread(target=executor.spin)

    def spin():
        spinner.start()
        return spinner

    yield spin
    executor.create_task(executor.shutdown)
    spinner.join(PATIENCE_S)
    assert not spinner.is_alive()
    executor.join(PATIENCE_S)


def test_a_slow_callback_holds_up_none_of_the_others(node, spinning):
    slow, go_on, done, quick = (threading.Event() for _ in range(4))

    def take_long():
        timer.cancel()
        slow.set()
        go_on.wait(PATIENCE_S)
        done.set()

    timer = node.create_timer(0.0, take_long)
    node.create_timer(
        0.01, lambda: slow.is_set() and quick.set(),
        callback_group=MutuallyExclusiveCallbackGroup())
    spinning()
    assert quick.wait(PATIENCE_S)
    assert not done.is_set()
    go_on.set()
    assert done.wait(PATIENCE_S)


def test_what_is_not_slow_runs_in_the_spinning_thread_each_once(node, spinning):
    # A pool of threads would be offered the same message again until one of them begins it.
    threads, all_heard = [], threading.Event()

    def take(message):
        threads.append(threading.current_thread())
        if len(threads) == 100:
            all_heard.set()

    node.create_subscription(
        Empty, 'drops', take, 100, callback_group=MutuallyExclusiveCallbackGroup())
    publisher = node.create_publisher(Empty, 'drops', 100)
    spinner = spinning()
    wait_for(publisher.get_subscription_count, 'the subscription')
    for _ in range(100):
        publisher.publish(Empty())
    assert all_heard.wait(PATIENCE_S)
    assert set(threads) == {spinner}
    assert len(threads) == 100


def test_the_clock_takes_no_thread_of_its_own(node, spinning):
    # rclpy has it in the group of the slow, and a simulation sends it a thousand times a second.
    threads, heard = [], threading.Event()
    take = node._time_source.clock_callback

    def note(message):
        threads.append(threading.current_thread())
        take(message)
        heard.set()

    node._time_source.clock_callback = note
    node.set_parameters([Parameter('use_sim_time', value=True)])
    publisher = node.create_publisher(Clock, '/clock', 1)
    spinner = spinning()
    wait_for(publisher.get_subscription_count, 'the subscription')
    publisher.publish(Clock())
    assert heard.wait(PATIENCE_S)
    assert set(threads) == {spinner}


def test_join_waits_for_what_still_runs_beside(node):
    executor = NodeExecutor(node)
    begun, go_on, ends = threading.Event(), threading.Event(), []

    def take_long():
        timer.cancel()
        begun.set()
        go_on.wait(PATIENCE_S)
        ends.append('callback')

    timer = node.create_timer(0.0, take_long)
    wait_for(lambda: executor.spin_once(timeout_sec=0.05) or begun.is_set(), 'the callback')
    executor.join(0.0)
    assert not ends
    go_on.set()
    executor.join(PATIENCE_S)
    assert ends
    executor.shutdown()


@pytest.mark.parametrize('sec, nanosec', [(-1, 0), (-2**31, 0), (5, 2**32 - 1)])
def test_a_time_that_is_none_is_passed_over_and_the_next_one_taken(node, spinning, sec, nanosec):
    check_clock(node)
    node.set_parameters([Parameter('use_sim_time', value=True)])
    publisher = node.create_publisher(Clock, '/clock', 10)
    spinner = spinning()
    wait_for(publisher.get_subscription_count, 'the subscription')

    def tell(sec, nanosec):
        publisher.publish(Clock(clock=Time(sec=sec, nanosec=nanosec)))

    tell(sec, nanosec)
    wait_for(lambda: tell(2**31 - 1, 5) or node.get_clock().now().nanoseconds, 'the time')
    assert node.get_clock().now().nanoseconds == (2**31 - 1) * 10**9 + 5
    assert spinner.is_alive()


def test_a_message_that_cannot_be_taken_locks_up_nothing(node, spinning):
    heard, group = [], MutuallyExclusiveCallbackGroup()
    subscription = node.create_subscription(
        Empty, 'drops', heard.append, 10, callback_group=group)
    publisher = node.create_publisher(Empty, 'drops', 10)
    wait_for(publisher.get_subscription_count, 'the subscription')
    subscription.msg_type, sound = object, subscription.msg_type  # rclpy fails to make one
    failed = threading.Event()

    def look():
        if group.can_execute(subscription) and not failed.is_set():
            failed.set()

    publisher.publish(Empty())
    node.create_timer(0.05, look, callback_group=MutuallyExclusiveCallbackGroup())
    spinner = spinning()
    assert failed.wait(PATIENCE_S)
    subscription.msg_type = sound
    wait_for(lambda: publisher.publish(Empty()) or heard, 'the next message')
    assert spinner.is_alive()
