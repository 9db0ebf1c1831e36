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
A graph of its own for one test: nodes as processes, and a console that hears what they say.

Every graph has another ROS_DOMAIN_ID and stays on this machine, so tests disturb neither one
another nor a robot in the same network.
"""

import array
from contextlib import contextmanager
from contextlib import ExitStack
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

from ament_index_python.packages import get_package_prefix
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import Image

from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.tools.domain import own_domain

PATIENCE_S = 30.0
"""How long a machine under load may take for anything; what works takes far less."""

END_S = 5.0
"""How long a process may take to end: 2 s, and some for a machine under load."""

EXECUTABLE = Path(get_package_prefix('streamo_ros'), 'lib', 'streamo_ros', 'streamo_node')
FAULTY = Path(__file__).with_name('fake_engine.py')


class Process:
    """A node, or a program that starts nodes, as a process."""

    def __init__(self, command, environment, folder):
        self.folder = Path(folder)
        self._log = self.folder / f'log-{time.monotonic_ns()}'
        with self._log.open('wb') as log:
            self._process = subprocess.Popen(
                command, env=environment, cwd=folder, stdout=log, stderr=log,
                start_new_session=True)

    @property
    def log(self):
        return self._log.read_text(errors='replace')

    @property
    def pid(self):
        return self._process.pid

    @property
    def runs(self):
        return self._process.poll() is None

    def send(self, number):
        """Send a signal as a terminal does, to the process and its children."""
        os.killpg(self._process.pid, number)

    def wait(self):
        """Return the exit code."""
        return self._process.wait(END_S)

    def kill(self):
        self.send(signal.SIGKILL)
        self._process.wait()


class Console:
    """What an operator's console hears of one node, and what it can ask of it."""

    def __init__(self, graph, name, depth=1000):
        self.states = []
        self.responses = []
        self.diagnostics = []
        self.name = name
        self._graph = graph
        node = graph.node
        node.create_subscription(
            StreamState, f'{name}/state', self.states.append,
            QoSProfile(depth=depth, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        node.create_subscription(Response, f'{name}/response', self.responses.append, depth)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._take_diagnostics, 100)
        self._instructions = node.create_publisher(Instruction, f'{name}/instruction', 100)

    def _take_diagnostics(self, message):
        if message.status[0].name.startswith(f'{self.name}: '):
            self.diagnostics.append(message)

    @property
    def fresh(self):
        """Return the states that were decided at a tick, without repeats."""
        return [
            state for state in self.states
            if state.age_s == 0 and state.status != StreamState.STATUS_REFUSED]

    def ask(self, text='', id='', action=Instruction.ADD, **fields):
        """Send an instruction message."""
        self._graph.wait(
            lambda: self._instructions.get_subscription_count(), 'a reader of ~/instruction')
        self.publish_instruction(Instruction(action=action, id=id, text=text, **fields))

    def publish_instruction(self, message):
        """Send an instruction message, or bytes in its place."""
        self._instructions.publish(message)

    def last(self, id):
        """Return the last state of an instruction; None before the first."""
        return next(
            (state for state in reversed(self.states) if state.instruction_id == id), None)

    def await_state(self, what, matches):
        """Wait for a state that matches and was not there before; return it."""
        seen = len(self.states)
        return self.await_any(what, matches, seen)

    def await_any(self, what, matches, seen=0):
        """Wait for a state that matches, past ones included; return it."""
        return self._graph.wait(
            lambda: next(filter(matches, self.states[seen:]), None), what)

    def values(self, part):
        """Return the figures of the newest diagnostics of a part: stream, inference ..."""
        if not self.diagnostics:
            return {}
        (status,) = (
            status for status in self.diagnostics[-1].status
            if status.name == f'{self.name}: {part}')
        return {value.key: value.value for value in status.values}

    def call(self, kind, service, request=None):
        """Call a service of the node and return its response."""
        client = self._graph.node.create_client(kind, f'{self.name}/{service}')
        self._graph.wait(client.service_is_ready, f'the service {service}')
        future = client.call_async(request or kind.Request())
        self._graph.wait(future.done, f'a response of {service}')
        return future.result()

    def lifecycle(self):
        """Return the label of the node's state in its lifecycle."""
        return self.call(GetState, 'get_state').current_state.label

    def await_lifecycle(self, label):
        """Wait for a state of the lifecycle: a failure is told from within its transition."""
        self._graph.wait(lambda: self.lifecycle() == label, label)


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

    def leave(self):
        """Be gone from the graph, as when a driver ends."""
        self._graph.node.destroy_publisher(self._publisher)

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

    def play(self, seconds, rate):
        """Publish at a rate, as a camera does; return the stamps (nanoseconds)."""
        start = time.monotonic()
        stamps = []
        for number in range(round(seconds * rate)):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            stamps.append(self.send())
        return stamps

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


class Graph:
    """
    A ROS graph of its own.

    :param environment: variables that its processes get besides
    """

    def __init__(self, folder, environment=()):
        self._folder = folder
        self._processes = []
        self._stack = ExitStack()
        domain = self._stack.enter_context(own_domain())
        self._environment = {
            **os.environ,
            'ROS_DOMAIN_ID': str(domain),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            'ROS_PYTHON_CHECK_FIELDS': '1',
            'ROS_LOG_DIR': str(folder),
            'PYTHONUNBUFFERED': '1',
            **dict(environment)}
        os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node('console', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._spinner = threading.Thread(target=self._executor.spin, daemon=True)
        self._spinner.start()

    def start(self, *remaps, fault='', before=(), **parameters):
        """
        Start the installed node, or with a fault the one over the fake engine.

        :param before: what the command begins with
        """
        command = [sys.executable, str(FAULTY)] if fault else [str(EXECUTABLE)]
        if fault:
            parameters['checkpoint'] = fault
        options = [option for remap in remaps for option in ('-r', remap)]
        options += [
            option for name, value in parameters.items() for option in ('-p', f'{name}:={value}')]
        return self.run(*before, *command, *(['--ros-args', *options] if options else []))

    def run(self, *command):
        """Start any program in the graph."""
        process = Process(command, self._environment, self._folder)
        self._processes.append(process)
        return process

    def console(self, name='/streamo', **options):
        return Console(self, name, **options)

    def camera(self, *arguments, **options):
        return Camera(self, *arguments, **options)

    def wait(self, condition, what):
        """Wait until the condition holds; return its value."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.01)
        logs = '\n'.join(process.log for process in self._processes)
        raise AssertionError(f'waited in vain for {what}; the nodes said:\n{logs}')

    def close(self):
        for process in self._processes:
            if process.runs:
                process.send(signal.SIGINT)
        for process in self._processes:
            try:
                process.wait()
            except subprocess.TimeoutExpired:
                process.kill()
        self._executor.shutdown()
        self._spinner.join()
        self.node.destroy_node()
        self._context.shutdown()
        self._stack.close()
