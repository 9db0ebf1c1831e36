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
A node as a process: from its arguments to its exit code, within two seconds of Ctrl-C.

Threads. The main one waits for a signal and does nothing else; the executor spins in a thread of
its own; what is printed is carried away by a third (``standard_streams``), so that nobody waits
for a terminal. SIGHUP and SIGTERM are Ctrl-C, unless SIGHUP is ignored (``nohup``). A signal while
the node ends already changes nothing, and the exit code stays 0.

One that hangs in native code is ended by the kernel (``hang``).

What keeps a node from starting is one sentence and exit code 1, or 2 for a parameter that makes no
sense. A callback that fails is reported and does not end the node (``executor``).
"""

from collections.abc import Callable
import os
import queue
import re
import signal
import sys
import threading
import time
from typing import TypeVar

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.exceptions import ParameterException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from streamo_ros.closed_streams import fill_closed_streams
from streamo_ros.errors import UserError
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.nodes.printable import printable
from streamo_ros.nodes.process.claim import Claim
from streamo_ros.nodes.process.descriptors import require_descriptors
from streamo_ros.nodes.process.executor import NodeExecutor
from streamo_ros.nodes.process.hang import forget
from streamo_ros.nodes.process.hang import go_on
from streamo_ros.nodes.process.memory import keep_freed_memory
from streamo_ros.nodes.process.shared_memory import clean_shared_memory
from streamo_ros.nodes.process.standard_streams import StandardStreams

STOP_S = 1.0
"""How long callbacks, and the node's own threads, get to finish when the node ends."""

PRINT_S = 0.2
"""How long what was printed last gets to leave the process."""

LOOK_S = 0.5
"""How often the main thread looks whether the executor still spins."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

MAX_DOMAIN = 232
"""The ports of DDS end there."""

_SIGNAL_CAME_LATE = re.compile(r'Signal \d+ ignored due to race condition')
_MAX_SENTENCE = 500
# What users can cause; any other exception is a defect and keeps its traceback.
_TROUBLE = (
    OSError, UserError, NameValidationException, ParameterException,
    rclpy_implementation.RCLError)

N = TypeVar('N', bound=Node)


def run_node(
    name: str,
    make: Callable[[], N],
    args: list[str] | None,
    end: Callable[[N], None] = lambda node: None,
) -> int:
    """
    Run a node until Ctrl-C, SIGTERM or SIGHUP.

    :param name: the executable's, for errors before there is a node
    :param make: makes the node
    :param args: of the command line; None for the process's own
    :param end: called at the end, while callbacks still run
    :returns: the exit code: 1 when the node cannot be made, or its executor has failed; 2 for
        parameters that make no sense
    """
    # rclpy's own handlers shut the context down while callbacks still run, so the signals are
    # taken here, and the executor spins in a thread of its own. A handler of Python's would be
    # interrupted by the next signal, and that one's as well; this queue takes them from anywhere.
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signals.put)  # type: ignore[arg-type]
    fill_closed_streams()
    streams = StandardStreams()
    try:
        code, whole = _run(name, make, args, end, signals)
    except BaseException:
        streams.finish(PRINT_S)  # before Python prints the traceback
        raise
    _ignore_signals()
    if not streams.finish(PRINT_S) or not whole:
        # Nobody reads what was printed, or something hangs in native code, where no thread of
        # Python can end it in good order.
        os._exit(code)
    return code


def _run(
    name: str, make: Callable[[], N], args: list[str] | None, end: Callable[[N], None],
    signals: 'queue.SimpleQueue[int]',
) -> tuple[int, bool]:
    """Run it; return the exit code, and whether nothing of it runs any more."""
    keep_freed_memory()
    try:
        require_descriptors()
        left = clean_shared_memory()
        join_graph(args)
        node = make()
        claim = _claim(node)
    except ParameterError as error:
        return _refuse(name, error, 2), True
    except _TROUBLE as error:
        return _refuse(name, error, 1), True
    node.get_logger().debug(f'{left.removed} files of dead processes removed from shared memory')
    if left.sentence:
        node.get_logger().info(left.sentence)
    executor = NodeExecutor(node)
    spinner = threading.Thread(target=executor.spin, name='executor', daemon=True)
    spinner.start()
    crashed = True
    while crashed and spinner.is_alive():
        go_on()
        try:
            signals.get(timeout=LOOK_S)
            crashed = False
        except queue.Empty:
            pass
    forget()
    _ignore_signals()
    started = time.monotonic()
    end(node)
    executor.create_task(executor.shutdown)  # between two callbacks, in their thread
    spinner.join(STOP_S)
    executor.join(STOP_S)
    if time.monotonic() - started > STOP_S:
        return int(crashed), False
    node.destroy_node()
    # Its own handlers were not installed; to uninstall them lets signals through for a moment.
    rclpy.shutdown(uninstall_handlers=False)
    claim.release()
    return int(crashed), True


def _ignore_signals() -> None:
    """Let no signal change how the process ends, not even in Python's own last moments."""
    # Another thread may have taken one already and get to run only later. Python then finds that
    # its handler has gone, and reports what is meant here as an error that nobody can catch.
    sys.unraisablehook = _report_unraisable
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _report_unraisable(unraisable: 'sys.UnraisableHookArgs') -> None:
    if not _SIGNAL_CAME_LATE.fullmatch(str(unraisable.exc_value)):
        sys.__unraisablehook__(unraisable)


def join_graph(args: list[str] | None) -> None:
    """
    Join the ROS graph.

    :raises UserError: when the arguments or the environment are not in order
    """
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except rclpy_implementation.UnknownROSArgsError as error:
        raise UserError(f'these ROS arguments are unknown: {error}') from error
    except Exception as error:  # of many types: none of this package's code has run yet
        sentence = f'ROS cannot be started ({error})'
        if 'log' in sentence:
            sentence += ': set ROS_LOG_DIR to a folder that can be written'
        raise UserError(sentence) from error
    domain = rclpy.get_default_context().get_domain_id()
    if domain > MAX_DOMAIN:  # Fast DDS would end the process itself
        raise UserError(f'ROS_DOMAIN_ID is {domain}: it must be 0 to {MAX_DOMAIN}')


def _claim(node: Node) -> Claim:
    """
    Take a node's name in its ROS domain on this machine.

    :raises TakenError: when another process has it
    """
    name, domain = node.get_fully_qualified_name(), node.context.get_domain_id()
    return Claim(
        f'node {domain} {name}',
        f'a node {name} runs already in ROS domain {domain}: end it, or give this one another '
        'name or namespace (-r __node:=..., -r __ns:=/...)')


def _refuse(name: str, error: Exception, code: int) -> int:
    """Say in a sentence why there is no node; return the exit code."""
    sentence = re.sub(r', at /\S+:\d+|\(?\bat /\S+\.(?:cpp|c):\d+\)?', '', str(error))
    sentence = ' '.join(sentence.split())
    print(f'{name}: {printable(sentence, _MAX_SENTENCE)}', file=sys.stderr)
    rclpy.try_shutdown()
    return code
