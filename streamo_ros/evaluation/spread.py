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

"""Work spread over processes of this machine, or over a Ray cluster."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import as_completed
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
import multiprocessing
import os
from typing import TypeVar

from streamo_ros.engine.threads import given_threads
from streamo_ros.evaluation.cluster import on_cluster

Task = TypeVar('Task')
Result = TypeVar('Result')


@dataclass(frozen=True)
class Spread:
    """
    Where work is done.

    :param jobs: processes of this machine; with 1 it is done in this one
    :param ray: address of a Ray cluster that does it instead
    """

    jobs: int = 1
    ray: str | None = None


def spread(
    work: Callable[[Task], Result], tasks: Sequence[Task], over: Spread,
) -> Iterator[tuple[Task, Result]]:
    """
    Yield each task and what came of it, as they are done.

    :param work: a function of a module or a partial of one; it and its tasks can be pickled, and
        name files by absolute paths
    :raises ClusterError: when the cluster cannot be used
    """
    if not tasks:
        return
    if over.ray is not None:
        yield from on_cluster(work, tasks, over.ray)
        return
    if over.jobs == 1 or len(tasks) == 1:
        for task in tasks:
            yield task, work(task)
        return
    # Spawned: a fork would copy the locks of the runtime's threads.
    jobs = min(over.jobs, len(tasks))
    pool = ProcessPoolExecutor(
        jobs, multiprocessing.get_context('spawn'), _take_share, (given_threads() // jobs,))
    try:
        started = {pool.submit(work, task): task for task in tasks}
        for future in as_completed(started):
            yield started[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _take_share(threads: int) -> None:
    """Have this process compute with its share of the threads, rather than each job with all."""
    os.environ['OMP_NUM_THREADS'] = str(max(1, threads))
