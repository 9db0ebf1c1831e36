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

"""
The graph of one test: nodes as processes, a console that hears what they say, and cameras.

It is the runner of demo and bench, but that what the nodes say is taken in a thread, whatever the
test does meanwhile.
"""

import array
from contextlib import contextmanager
from pathlib import Path
import signal
import sys
import threading
import time

from lifecycle_msgs.srv import GetState
import numpy as np
from rclpy.qos import QoSProfile
from rclpy.qos import ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from streamo_ros.msg import StreamState
from streamo_ros.nodes.tools.console import Console as ConsoleOfOne
from streamo_ros.nodes.tools.graph_runner import GraphRunner

FAULTY = Path(__file__).with_name('fake_engine.py')
SECOND = 10**9


def stamp_ns(message):
    return message.header.stamp.sec * SECOND + message.header.stamp.nanosec


class Console(ConsoleOfOne):
    """A console that keeps all that it hears."""

    def __init__(self, graph, name, **options):
        self.states = []
        self.responses = []
        self.diagnostics = []
        super().__init__(graph, name, **options)

    def take_state(self, message):
        super().take_state(message)
        self.states.append(message)

    def take_response(self, message):
        self.responses.append(message)

    def take_diagnostics(self, message):
        super().take_diagnostics(message)
        self.diagnostics.append(message)

    @property
    def fresh(self):
        """Return the states that were decided at a tick, without repeats."""
        return [
            state for state in self.states
            if state.age_s == 0 and state.status != StreamState.STATUS_REFUSED]

    def publish_instruction(self, message):
        """Send an instruction message, or bytes in its place."""
        self.instructions.publish(message)

    def last(self, id):
        """Return the last state of an instruction; None before the first."""
        return next(
            (state for state in reversed(self.states) if state.instruction_id == id), None)

    def await_state(self, what, matches):
        """Wait for a state that matches and was not there before; return it."""
        seen = len(self.states)
        return self.await_any(what, matches, seen)

    def await_decision(self, stamp, id=None):
        """Wait for what was decided about the frame of a stamp; return the first state of it."""
        return self.await_any(f'a decision about {stamp}', lambda state: (
            state.age_s == 0 and state.status != StreamState.STATUS_REFUSED
            and stamp_ns(state) == stamp and id in (None, state.instruction_id)))

    def await_any(self, what, matches, seen=0):
        """Wait for a state that matches, past ones included; return it."""
        return self._runner.wait(
            lambda: next(filter(matches, self.states[seen:]), None), what)

    def lifecycle(self):
        """Return the label of the node's state in its lifecycle."""
        return self.call(GetState, 'get_state').current_state.label

    def await_lifecycle(self, label):
        """Wait for a state of the lifecycle: a failure is told from within its transition."""
        self._runner.wait(lambda: self.lifecycle() == label, label)


class Camera:
    """A publisher of pictures with the stamps of its clock."""

    def __init__(self, graph, topic='/image', reliable=True, kind=Image, size=(48, 64)):
        self._graph = graph
        self._publisher = graph.node.create_publisher(kind, topic, QoSProfile(
            depth=10, reliability=(ReliabilityPolicy.RELIABLE if reliable
                                   else ReliabilityPolicy.BEST_EFFORT)))
        self._kind = kind
        height, width = size
        noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        self._template = {
            'height': height, 'width': width, 'encoding': 'rgb8', 'step': 3 * width,
            # Not bytes: every byte of those would be checked, for each frame.
            'data': array.array('B', noise.tobytes())}

    def await_reader(self):
        self._graph.wait(self._publisher.get_subscription_count, 'a reader of the camera')

    def await_no_reader(self):
        """Wait until the reader that there was has gone: another one may come."""
        self._graph.wait(
            lambda: not self._publisher.get_subscription_count(), 'the end of the reader')

    def send(self, stamp_ns=None, **fields):
        """Publish a picture; fields replace those of the message. Return its stamp."""
        if stamp_ns is None:
            stamp_ns = time.time_ns()
        message = self._kind(**({**self._template, **fields} if self._kind is Image else fields))
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
        message.header.frame_id = 'optical'
        self._publisher.publish(message)
        return stamp_ns

    def close(self):
        """Be gone, as a camera that is unplugged."""
        self._graph.node.destroy_publisher(self._publisher)

    @contextmanager
    def running(self, rate=10):
        """Publish at a rate for as long as the context lasts."""
        ended = threading.Event()

        def run():
            while not ended.wait(1 / rate):
                self.send()
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()


class SimulatedClock:
    """Simulated time, which goes on when it is told to."""

    def __init__(self, graph):
        self._graph = graph
        self._publisher = graph.node.create_publisher(Clock, '/clock', 10)

    def tell(self, now, console):
        """Publish a time (nanoseconds) until the node's diagnostics have it."""
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(now, SECOND)

        def has_it():
            self._publisher.publish(message)  # again and again: clocks are heard by best effort
            return console.diagnostics and stamp_ns(console.diagnostics[-1]) == now

        self._graph.wait(has_it, 'diagnostics with the time of the clock')


class Graph(GraphRunner):
    """
    A ROS graph of its own.

    :param folder: where its processes run, and what they print is kept
    :param environment: variables that its processes get besides
    """

    def __init__(self, folder, environment=()):
        super().__init__({
            'ROS_PYTHON_CHECK_FIELDS': '1', 'ROS_LOG_DIR': str(folder), 'PYTHONUNBUFFERED': '1',
            **dict(environment)}, folder)
        self._spinner = threading.Thread(target=self._executor.spin, daemon=True)
        self._spinner.start()

    def listen(self, seconds=0.01):
        time.sleep(seconds)

    def start(self, *remaps, fault='', before=(), **parameters):
        """
        Start the installed node, or with a fault the one over the fake engine.

        :param before: what the command begins with
        """
        command = [sys.executable, str(FAULTY)] if fault else [self.executable]
        if fault:
            parameters['checkpoint'] = fault
        options = [option for remap in remaps for option in ('-r', remap)]
        options += [
            option for name, value in parameters.items() for option in ('-p', f'{name}:={value}')]
        return self.run(*before, *command, *(['--ros-args', *options] if options else []))

    def run(self, *command):
        """Start any program in the graph, with a log of its own."""
        return super().run(*command, log=self.folder / f'log-{time.monotonic_ns()}')

    def traces(self):
        """End all processes with what each of their threads is at; return what they printed."""
        running = [process for process in self._processes if process.runs]
        for process in running:
            process.send(signal.SIGABRT)
        for process in running:
            process.wait()
        return self._printed()

    def console(self, name='/streamo', **options):
        return Console(self, name, **options)

    def camera(self, *arguments, **options):
        return Camera(self, *arguments, **options)

    def clock(self):
        return SimulatedClock(self)

    def close(self):
        self._executor.shutdown()
        self._spinner.join()
        super().close()
