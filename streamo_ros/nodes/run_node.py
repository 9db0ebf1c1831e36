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

"""A node as a process: from its arguments to its exit code, within two seconds of Ctrl-C."""

from collections.abc import Callable
import os
import signal
import sys
import threading
import time
from typing import TypeVar

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from streamo_ros.nodes.executor import NodeExecutor
from streamo_ros.nodes.memory import keep_freed_memory
from streamo_ros.nodes.parameters import ParameterError

STOP_S = 1.0
"""How long callbacks, and the node's own threads, get to finish when the node ends."""

N = TypeVar('N', bound=Node)


def run_node(
    name: str,
    make: Callable[[], N],
    args: list[str] | None,
    end: Callable[[N], None] = lambda node: None,
) -> int:
    """
    Run a node until Ctrl-C or SIGTERM.

    :param name: the executable's, for errors before there is a node
    :param make: makes the node
    :param args: of the command line; None for the process's own
    :param end: called at the end, while callbacks still run
    :returns: the exit code: 1 after a callback has failed, 2 for parameters that make no sense
    """
    # rclpy's own handlers shut the context down while callbacks still run, so the signals are
    # taken here, and the executor spins in a thread of its own.
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    keep_freed_memory()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make()
    except ParameterError as error:
        print(f'{name}: {error}', file=sys.stderr)
        rclpy.shutdown()
        return 2
    executor = NodeExecutor(node)
    spinner = threading.Thread(target=executor.spin, name='executor', daemon=True)
    spinner.start()
    while spinner.is_alive() and not ended.wait(0.5):
        pass
    crashed = not ended.is_set()
    started = time.monotonic()
    end(node)
    executor.create_task(executor.shutdown)  # between two callbacks, in their thread
    spinner.join(STOP_S)
    executor.join(STOP_S)
    if time.monotonic() - started > STOP_S:
        # Something hangs in native code, where no thread of Python can end it in good order.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(crashed))
    node.destroy_node()
    rclpy.shutdown()
    return int(crashed)
