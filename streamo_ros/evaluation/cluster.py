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
Work spread over the machines of a Ray cluster, an optional extra (``pip install ray``).

A task takes one processor of one machine. Every machine has this package installed and sees the
same files at the same paths.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import logging
from typing import Any
from typing import TypeVar

from streamo_ros.errors import UserError

Task = TypeVar('Task')
Result = TypeVar('Result')


class ClusterError(UserError, RuntimeError):
    """A cluster that cannot be used or was lost; the message says what would help."""


def on_cluster(
    work: Callable[[Task], Result], tasks: Sequence[Task], address: str,
) -> Iterator[tuple[Task, Result]]:
    """
    Yield each task and what came of it, as they are done.

    :param work: called on the cluster's machines
    :param address: of the cluster's head, or ``auto`` for the one that this machine is part of
    :raises ClusterError: when Ray is missing, or the cluster is not there or fails
    :raises UserError: whatever the work raises of these
    """
    try:
        import ray
        from ray.exceptions import RayError
        from ray.exceptions import RayTaskError
    except ImportError as error:
        raise ClusterError(
            f'a cluster needs Ray ({error}): `pip install ray`, here and on its machines'
        ) from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ClusterError(
            f'there is no Ray cluster at {address!r} ({error}): start one with '
            '`ray start --head`, and `ray start --address` on its other machines') from error
    try:
        # It takes functions alone, no partial.
        remote: Any = ray.remote(lambda task: work(task))
        running = {remote.remote(task): task for task in tasks}
        while running:
            for done in ray.wait(list(running))[0]:
                yield running.pop(done), ray.get(done)
    except RayError as error:
        if isinstance(error, RayTaskError) and isinstance(error.cause, UserError):
            raise error.cause from error
        raise ClusterError(
            f'the Ray cluster at {address!r} failed ({error}): what is done is kept, and the same '
            'command goes on') from error
    finally:
        ray.shutdown()
