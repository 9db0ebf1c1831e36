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
The node's parameters: declared once, with descriptions and ranges, read into a frozen record.

Some take effect at once, those about the model when the node is next configured; the others are
fixed while it runs. Parameters that are set together are checked together, with those that stay as
they are, and are taken or refused as a whole.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from rcl_interfaces.msg import FloatingPointRange
from rcl_interfaces.msg import IntegerRange
from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.exceptions import InvalidParameterValueException
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.parameter import Parameter as Given
from rclpy.validate_topic_name import validate_topic_name

from streamo_ros.engine import BACKENDS
from streamo_ros.engine.decision import MAX_ANSWER_TOKENS
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.thresholds import Thresholds


class ParameterError(ValueError):
    """A parameter that makes no sense; the message says which values do."""


@dataclass(frozen=True)
class Settings:
    """The parameters' values; see ``SPECIFICATION`` for their meaning."""

    checkpoint: str
    zero_shot: bool
    backend: str
    engine_process: bool
    deadline_s: float
    fps: float
    response_threshold: float
    release_threshold: float
    window_turns: int
    max_answer_tokens: int
    max_instructions: int
    still_scene: bool
    cameras: list[str]
    image_transport: str
    reliability: str
    instruction: str
    state_file: str
    heartbeat_s: float
    autostart: bool

    @property
    def thresholds(self) -> Thresholds:
        """Return the engine's thresholds."""
        return Thresholds(self.response_threshold, self.release_threshold)

    def reconfigured(self, now: 'Settings') -> 'Settings':
        """Return these settings with those of ``now`` that take effect at once."""
        return replace(self, **{
            name: getattr(now, name) for name, parameter in SPECIFICATION.items()
            if parameter.live})


@dataclass(frozen=True)
class Parameter:
    """
    One parameter.

    :param choices: the strings it may be; empty for any
    :param range: (smallest, largest) for numbers
    :param model: about the model: read whenever the node is configured
    :param live: takes effect at once
    """

    default: Any
    description: str
    choices: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    model: bool = False
    live: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """Return what ``ros2 param describe`` shows, and what rclpy enforces."""
        descriptor = ParameterDescriptor(
            description=self.description, read_only=not (self.model or self.live))
        if self.choices:
            descriptor.additional_constraints = 'one of: ' + ', '.join(self.choices)
        if self.range and isinstance(self.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=self.range[0], to_value=self.range[1], step=0.0)]
        elif self.range:
            descriptor.integer_range = [IntegerRange(
                from_value=int(self.range[0]), to_value=int(self.range[1]), step=1)]
        return descriptor


SPECIFICATION: dict[str, Parameter] = {
    'checkpoint': Parameter(
        'nano', "The model: 'nano' (built in) or a directory with a checkpoint.", model=True),
    'zero_shot': Parameter(
        False, 'Ask a model that was not trained for this in words; an untrained stopgap.',
        model=True),
    'backend': Parameter(
        'auto', 'What runs the model.', choices=BACKENDS, model=True),
    'engine_process': Parameter(
        True, 'Run the model in a process of its own, so that the node outlives its failures.',
        model=True),
    'deadline_s': Parameter(
        30.0, 'With engine_process: the model is restarted when a frame takes longer; an answer '
        'is cut at four fifths of it.', range=(0.1, 3600.0), model=True),
    'fps': Parameter(
        1.0, 'Frames per second that the model judges, sampled by the stamps of the messages.',
        range=(0.1, 30.0), live=True),
    'response_threshold': Parameter(
        0.0, "Probability from which a Response is decided; 0.0: the checkpoint's own, or where "
        'it is the likeliest state.', range=(0.0, 1.0), live=True),
    'release_threshold': Parameter(
        0.0, 'After a Response, none until its probability has been below this, which is not '
        'above response_threshold; 0.0: at once.', range=(0.0, 1.0), live=True),
    'window_turns': Parameter(
        0, 'Frames that the model remembers; 0: as many as the checkpoint was made for.',
        range=(0, 100_000), model=True),
    'max_answer_tokens': Parameter(
        MAX_ANSWER_TOKENS, 'Longer answers are cut, and their messages say so.',
        range=(1, 1024), model=True),
    'max_instructions': Parameter(
        MAX_INSTRUCTIONS, 'Instructions that may stand at once; one more is refused.',
        range=(1, MAX_INSTRUCTIONS)),
    'still_scene': Parameter(
        False, 'Spare what has not changed: neither look at it again nor tell the model.',
        model=True),
    'cameras': Parameter(
        ['image'], 'Names of the cameras, which are also the topics to remap to theirs.'),
    'image_transport': Parameter(
        'auto', 'Which images to take; auto: raw ones, compressed ones where no raw ones are.',
        choices=('auto', 'raw', 'compressed')),
    'reliability': Parameter(
        'auto', 'Delivery to ask the camera for; auto: reliable where every publisher offers it.',
        choices=('auto', 'reliable', 'best_effort')),
    'instruction': Parameter(
        '', 'An instruction that stands from the start; empty: none.'),
    'state_file': Parameter(
        '', 'Where standing instructions are kept for the next start; empty: nowhere.'),
    'heartbeat_s': Parameter(
        2.0, 'After this many seconds without a fresh decision the last state is repeated.',
        range=(0.1, 60.0)),
    'autostart': Parameter(
        True, 'Configure and activate at start; false where a lifecycle manager does it.'),
}


def declare(node: Node) -> Settings:
    """
    Declare all parameters on the node and return their values; later changes are checked.

    :raises ParameterError: when a value is out of its range, of another type or not a choice
    """
    for name, parameter in SPECIFICATION.items():
        try:
            node.declare_parameter(name, parameter.default, parameter.descriptor())
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise ParameterError(f'parameter {name}: {error}') from error
    node.add_on_set_parameters_callback(lambda given: _check(_values(node), given))
    return read(node)


def read(node: Node) -> Settings:
    """
    Return the declared parameters' present values.

    :raises ParameterError: when a value is not one of its choices, no name of a camera, or does
        not fit another
    """
    return _settings(_values(node))


def _values(node: Node) -> dict[str, Any]:
    return {name: node.get_parameter(name).value for name in SPECIFICATION}


def _check(values: Mapping[str, Any], given: Sequence[Given]) -> SetParametersResult:
    changed = {one.name: one.value for one in given if one.name in SPECIFICATION}
    try:
        _settings({**values, **changed})
    except ParameterError as error:
        return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)


def _settings(values: Mapping[str, Any]) -> Settings:
    for name, parameter in SPECIFICATION.items():
        if parameter.choices and values[name] not in parameter.choices:
            raise ParameterError(
                f'parameter {name} is {values[name]!r}: it must be one of '
                + ', '.join(parameter.choices))
    if not values['cameras'] or len(set(values['cameras'])) != len(values['cameras']):
        raise ParameterError(
            f'parameter cameras is {list(values["cameras"])}: it must name each camera once')
    for name in values['cameras']:
        try:
            validate_topic_name(name)
        except InvalidTopicNameException as error:
            raise ParameterError(f'parameter cameras: {error}') from error
    settings = Settings(**values)
    try:
        _ = settings.thresholds
    except ValueError as error:
        raise ParameterError(f'parameter {error}') from error
    return settings
