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

"""The parameters are described, ranged, and the same in config/streamo.yaml."""

from pathlib import Path

import pytest
import yaml

from streamo_ros.nodes.parameters import SPECIFICATION

CONFIG = Path(__file__).parents[2] / 'config' / 'streamo.yaml'


@pytest.fixture
def configured():
    parameters = yaml.safe_load(CONFIG.read_text())['/**']['ros__parameters']
    del parameters['rate']  # of the overlay, see test_overlay_node
    return parameters


def test_the_config_file_has_every_parameter_with_its_default_and_type(configured):
    defaults = {name: parameter.default for name, parameter in SPECIFICATION.items()}
    assert configured == defaults
    assert {name: type(value) for name, value in configured.items()} == {
        name: type(value) for name, value in defaults.items()}


@pytest.mark.parametrize('name', SPECIFICATION)
def test_a_parameter_is_described_and_its_default_is_allowed(name):
    parameter = SPECIFICATION[name]
    descriptor = parameter.descriptor()
    assert descriptor.description.endswith('.')
    assert descriptor.read_only != (parameter.model or parameter.live)
    if isinstance(parameter.default, float):
        (allowed,) = descriptor.floating_point_range
    elif isinstance(parameter.default, int) and not isinstance(parameter.default, bool):
        (allowed,) = descriptor.integer_range
    else:
        assert not parameter.choices or parameter.default in parameter.choices
        return
    assert allowed.from_value <= parameter.default <= allowed.to_value


@pytest.mark.parametrize('name', SPECIFICATION)
def test_the_config_file_says_the_choices_and_ranges(name):
    text = CONFIG.read_text()
    about = text[:text.index(f'    {name}:')].rsplit('\n\n', 1)[-1]
    for choice in SPECIFICATION[name].choices:
        assert choice in about
    for bound in SPECIFICATION[name].range or ():
        assert f'{type(SPECIFICATION[name].default)(bound)}' in about
