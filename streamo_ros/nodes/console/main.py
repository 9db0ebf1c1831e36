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
``console``: a page on which operators see what the nodes decide, and tell them what to watch for.

It talks to the nodes by their public topics, services and parameters alone, and looks at a camera
only while somebody looks at it.
"""

import importlib.util
import sys

from streamo_ros.nodes.process.run_node import run_node


def main(args: list[str] | None = None) -> int:
    """Run the console until Ctrl-C or SIGTERM."""
    if importlib.util.find_spec('aiohttp') is None:
        print('console: aiohttp is not installed: apt install python3-aiohttp, or pip install '
              'aiohttp', file=sys.stderr)
        return 1
    from streamo_ros.nodes.console.node import ConsoleNode
    return run_node('console', ConsoleNode, args, ConsoleNode.end)


if __name__ == '__main__':
    sys.exit(main())
