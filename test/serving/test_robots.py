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

"""Who may come, and what each may have."""

from datetime import date
from datetime import timedelta
import json
import os

import pytest

from streamo_ros.output import OutputError
from streamo_ros.serving.robots import Robots
from streamo_ros.serving.robots import RobotsError
from streamo_ros.serving.robots import write_robots

SECRET, OTHER = 24 * 'x', 24 * 'y'
DAY = timedelta(days=1)


@pytest.fixture
def write(tmp_path):
    file = tmp_path / 'robots.json'

    def write(**robots):
        file.write_text(json.dumps({'operator': OTHER, 'robots': robots}))
        file.chmod(0o600)
        return file
    return write


def test_a_robot_is_known_by_its_token_alone(write):
    robots = Robots(write(one={'secret': SECRET, 'streams': 3}, two={'secret': OTHER}))
    assert robots.find(f'Bearer one.{SECRET}').streams == 3
    assert robots.find(f'bearer one.{SECRET}').name == 'one'
    for shown in ('', SECRET, f'one.{SECRET}', f'Bearer one.{OTHER}', f'Bearer two.{SECRET}',
                  f'Bearer three.{SECRET}', f'Basic one.{SECRET}', 'Bearer one.', 'Bearer ä.ö'):
        assert robots.find(shown) is None


def test_the_operator_is_no_robot_and_no_robot_the_operator(write):
    robots = Robots(write(one={'secret': SECRET}))
    assert robots.is_operator(f'Bearer {OTHER}')
    assert not robots.is_operator(f'Bearer one.{SECRET}')
    assert not robots.is_operator('Bearer ')
    assert robots.find(f'Bearer {OTHER}') is None


def test_a_token_holds_to_the_end_of_its_last_day(write):
    today = date.today()
    robots = Robots(write(
        old={'secret': SECRET, 'expires': str(today - DAY)},
        new={'secret': SECRET, 'expires': str(today + DAY)}))
    assert robots.find(f'Bearer old.{SECRET}') is None
    assert robots.find(f'Bearer new.{SECRET}').name == 'new'


def test_a_token_is_taken_back_without_a_restart_and_a_broken_file_changes_nothing(write):
    robots = Robots(write(one={'secret': SECRET}, two={'secret': OTHER}))
    one = robots.find(f'Bearer one.{SECRET}')
    file = write(two={'secret': OTHER})
    robots.refresh()
    assert robots.find(f'Bearer one.{SECRET}') is None
    assert not robots.still_holds(one)
    file.write_text('{')
    with pytest.raises(RobotsError):
        robots.refresh()
    assert robots.find(f'Bearer two.{OTHER}').name == 'two'


@pytest.mark.parametrize('fields', [
    {}, {'secret': 'short'}, {'secret': 24 * '.'}, {'secret': SECRET, 'streams': 0},
    {'secret': SECRET, 'streams': True}, {'secret': SECRET, 'fps': 0},
    {'secret': SECRET, 'fps': 'fast'}, {'secret': SECRET, 'instructions': 99},
    {'secret': SECRET, 'priority': 0.5}, {'secret': SECRET, 'expires': 'soon'},
    {'secret': SECRET, 'expires': 7}, {'secret': SECRET, 'colour': 'red'}, [], None])
def test_what_makes_no_sense_is_refused_with_the_robots_name(write, fields):
    with pytest.raises(RobotsError):
        Robots(write(one=fields))


def test_secrets_that_others_can_read_are_refused(write):
    file = write(one={'secret': SECRET})
    file.chmod(0o644)
    with pytest.raises(RobotsError, match='chmod 600'):
        Robots(file)


def test_a_file_that_is_anothers_is_said_to_be_none_whoever_can_read_it(tmp_path):
    for content in ('root:x:0:0', '{"model": "nano"}'):
        file = tmp_path / 'other'
        file.write_text(content)
        file.chmod(0o644)
        with pytest.raises(RobotsError, match='holds no robots'):
            Robots(file)


def test_a_new_file_has_secrets_of_its_own_and_an_old_one_stays(tmp_path):
    file = tmp_path / 'robots.json'
    robot = write_robots(file, 'robot')
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert Robots(file).find(f'Bearer {robot.token}') == robot
    with pytest.raises(OutputError):
        write_robots(file, 'robot')
    assert write_robots(tmp_path / 'others.json', 'robot').secret != robot.secret
