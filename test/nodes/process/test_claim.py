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

"""A name that one process has, as long as it lives."""

import subprocess
import sys

import pytest

from streamo_ros.nodes.process.claim import Claim
from streamo_ros.nodes.process.claim import TakenError

HOLD = """
import sys
from streamo_ros.nodes.process.claim import Claim
claim = Claim(sys.argv[1], 'taken')
print('held', flush=True)
sys.stdin.read()
"""


@pytest.fixture
def name(tmp_path):
    return f'{tmp_path} {"of any length " * 50}'


def test_a_name_is_held_until_it_is_released(name):
    claim = Claim(name, 'taken')
    with pytest.raises(TakenError, match='give another'):
        Claim(name, 'give another')
    Claim(f'{name}.', 'taken').release()
    claim.release()
    Claim(name, 'taken').release()


def test_a_process_that_is_killed_gives_its_names_up(name):
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    assert holder.stdout.readline() == 'held\n'
    with pytest.raises(TakenError):
        Claim(name, 'taken')
    holder.kill()
    holder.communicate()
    Claim(name, 'taken').release()
