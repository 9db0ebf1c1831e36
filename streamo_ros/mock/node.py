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
The real node over an engine that decides by a script.

In the process of a test by ``mock_node``; as a process of its own by
``python -m streamo_ros.mock.node``, with the node's parameters and remappings, of which
``checkpoint`` may name the script, a JSON file. Without one it is Silence, Standby and Response
in turn.
"""

from collections.abc import Sequence
import functools
import sys
from typing import Any

from rclpy.context import Context
from rclpy.parameter import Parameter

from streamo_ros.mock.engine import Cue
from streamo_ros.mock.engine import MockEngine
from streamo_ros.nodes import streamo_node
from streamo_ros.nodes.streamo_node import StreamoNode


def mock_node(
    script: Sequence[Cue] | None = None, context: Context | None = None, **parameters: Any
) -> StreamoNode:
    """
    Return the node; it configures and activates itself as soon as an executor spins it.

    ``end`` it before it is destroyed.

    :param script: what its engine decides; None: Silence, Standby and Response in turn
    :param context: None: the default one
    :param parameters: of the node; its engine has no process of its own unless they say so
    """
    return StreamoNode(
        functools.partial(_make_engine, script), context=context, parameter_overrides=[
            Parameter(name, value=value)
            for name, value in {'engine_process': False, **parameters}.items()])


def _make_engine(script: Sequence[Cue] | None, checkpoint: str, **options: Any) -> MockEngine:
    return MockEngine(script)


def main(args: list[str] | None = None) -> int:
    """Run the node until Ctrl-C or SIGTERM."""
    return streamo_node.main(args, MockEngine.from_pretrained)


if __name__ == '__main__':
    sys.exit(main())
