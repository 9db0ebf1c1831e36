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

"""Domains are reserved, and free again afterwards."""

from contextlib import ExitStack

import pytest

from streamo_ros.nodes.tools import domain
from streamo_ros.nodes.tools.domain import own_domain


def test_domains_in_use_differ():
    with own_domain() as one, own_domain() as two, own_domain() as three:
        assert len({one, two, three}) == 3


def test_when_all_are_taken_it_is_said_and_they_come_back(monkeypatch):
    monkeypatch.setattr(domain, 'DOMAINS', range(200, 203))  # not those of other tests
    with ExitStack() as taken:
        assert {taken.enter_context(own_domain()) for _ in range(3)} == {200, 201, 202}
        with pytest.raises(domain.DomainError, match='taken'):
            taken.enter_context(own_domain())
    with own_domain() as again:
        assert again in domain.DOMAINS
