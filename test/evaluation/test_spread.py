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

"""Work comes back whole from wherever it is done, and so does what it refuses."""

from functools import partial

import pytest

from streamo_ros.engine.threads import given_threads
from streamo_ros.evaluation.spread import Spread
from streamo_ros.evaluation.spread import spread
from streamo_ros.models import CheckpointError
from streamo_ros.models import read_checkpoint


def refused(over):
    with pytest.raises(CheckpointError, match='nowhere'):
        list(spread(read_checkpoint, ['nowhere', 'nowhere'], over))


def test_alone_all_is_done_in_order_as_it_is_asked_for():
    done = []
    results = spread(done.append, [3, 1, 2], Spread())
    assert [next(results)[0], done] == [3, [3]]
    assert [task for task, _ in results] == [1, 2]
    refused(Spread())


def test_without_work_no_cluster_is_needed():
    assert list(spread(abs, [], Spread(ray='nowhere'))) == []


def test_processes_hand_back_what_came_of_each_task_and_what_was_raised():
    found = list(spread(partial(pow, 2), [1, 2, 3], Spread(jobs=2)))
    assert sorted(found) == [(1, 2), (2, 4), (3, 8)]
    refused(Spread(jobs=2))


def test_processes_share_the_cores(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '64')
    share = max(1, given_threads() // 2)
    assert list(spread(given_threads, [0, 0], Spread(jobs=2))) == [(0, share)] * 2
