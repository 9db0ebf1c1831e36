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

"""How often something may happen."""

from streamo_ros.nodes.rate_limiter import RateLimiter


def passed(rate, tries):
    return sum(rate.take() for _ in range(tries))


def test_a_burst_passes_and_then_what_time_allows():
    now = [100.0]
    rate = RateLimiter(burst=3, per_s=2.0, now=lambda: now[0])
    assert passed(rate, 10) == 3
    now[0] += 0.4
    assert passed(rate, 10) == 0
    now[0] += 0.1
    assert passed(rate, 10) == 1
    now[0] += 3600.0
    assert passed(rate, 10) == 3  # silence is not saved up


def test_refused_tries_cost_nothing():
    now = [0.0]
    rate = RateLimiter(burst=1, per_s=1.0, now=lambda: now[0])
    for _ in range(100):
        rate.take()
        now[0] += 0.1
    now[0] += 1.0
    assert rate.take()
