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
import math
from typing import Any

from rcl_interfaces.msg import FloatingPointRange
from rcl_interfaces.msg import IntegerRange
from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.exceptions import InvalidParameterValueException
from rclpy.exceptions import InvalidTopicNameException
from rclpy.exceptions import ParameterUninitializedException
from rclpy.node import Node
from rclpy.parameter import Parameter as Given
from rclpy.validate_topic_name import validate_topic_name

from streamo_ros.dialogue import MAX_MEMORY_TOKENS
from streamo_ros.engine import BACKENDS
from streamo_ros.engine.decision import MAX_ANSWER_TOKENS
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.errors import UserError

REMOTE = 'remote'
"""The backend that is a server elsewhere."""


class ParameterError(ValueError):
    """A parameter that makes no sense; the message says which values do."""


@dataclass(frozen=True)
class Settings:
    """The parameters' values; see ``SPECIFICATION`` for their meaning."""

    checkpoint: str
    zero_shot: bool
    backend: str
    server: str
    server_token: str
    server_certificate: str
    uplink_kbit_s: float
    stand_in: str
    engine_process: bool
    deadline_s: float
    threads: int
    fps: float
    response_threshold: float
    release_threshold: float
    window_turns: int
    memory_tokens: int
    max_answer_tokens: int
    max_instructions: int
    still_scene: bool
    cameras: list[str]
    image_transport: str
    reliability: str
    instruction: str
    state_file: str
    event_log: str
    event_log_standby: bool
    event_log_pictures: bool
    event_log_blur: str
    event_log_map_frame: str
    event_log_max_days: float
    event_log_max_mib: int
    event_log_max_events: int
    heartbeat_s: float
    profile: bool
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
        'auto', 'What runs the model; remote: a server elsewhere, with its own checkpoint.',
        choices=(*BACKENDS, REMOTE), model=True),
    'server': Parameter(
        '', 'With backend remote: the address of streamo serve, such as wss://workstation:8430.',
        model=True),
    'server_token': Parameter(
        '', 'With backend remote: the file with the token of this robot.', model=True),
    'server_certificate': Parameter(
        '', 'With backend remote: a file with the one certificate (PEM) that is trusted; empty: '
        "any that the system's authorities vouch for.", model=True),
    'uplink_kbit_s': Parameter(
        0.0, 'With backend remote: what frames may take of the link, kbit/s; 0.0: what it '
        'carries.', range=(0.0, 1e7), model=True),
    'stand_in': Parameter(
        '', 'With backend remote: the checkpoint that watches on this machine while the server '
        'is away, such as nano; empty: none.', model=True),
    'engine_process': Parameter(
        True, 'Run the model in a process of its own, so that the node outlives its failures.',
        model=True),
    'deadline_s': Parameter(
        30.0, 'With engine_process: the model is restarted when a frame takes longer; an answer '
        'is cut at four fifths of it.', range=(0.1, 3600.0), model=True),
    'threads': Parameter(
        0, 'Threads of the processor that the model may use, never more than the cores that the '
        'process was given; 0: as many.', range=(0, 1024), model=True),
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
    'memory_tokens': Parameter(
        -1, 'Tokens for a text of what was answered, which the model keeps in view; 0: none; -1: '
        'as the checkpoint was trained.', range=(-1, MAX_MEMORY_TOKENS), model=True),
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
    'event_log': Parameter(
        '', 'Folder in which answers are logged, to be listed and asked about; empty: nowhere.'),
    'event_log_standby': Parameter(
        False, 'With event_log: log each Standby that came to nothing, too.'),
    'event_log_pictures': Parameter(
        True, 'With event_log: log the frames at the begin and the end of each event.'),
    'event_log_blur': Parameter(
        '', 'With event_log: a function, as module:function, that blurs a picture before it is '
        'logged; empty: none.'),
    'event_log_map_frame': Parameter(
        '', 'With event_log: log where the camera was in this frame, such as map, by tf2; empty: '
        'do not.'),
    'event_log_max_days': Parameter(
        30.0, 'With event_log: older events are removed, by the clock of the machine.',
        range=(0.01, 36500.0)),
    'event_log_max_mib': Parameter(
        1024, 'With event_log: what the folder may take, in MiB; the oldest events go.',
        range=(16, 1_048_576)),
    'event_log_max_events': Parameter(
        100_000, 'With event_log: how many events there may be; the oldest go.',
        range=(1, 100_000_000)),
    'heartbeat_s': Parameter(
        2.0, 'After this many seconds without a fresh decision the last state is repeated.',
        range=(0.1, 60.0)),
    'profile': Parameter(
        False, 'Say in /diagnostics what share of the time goes into decoding, scaling, the image '
        'encoder, the step, the words of answers, publication and the rest.', live=True),
    'autostart': Parameter(
        True, 'Configure and activate at start; false where a lifecycle manager does it.'),
}


def declared(node: Node, name: str, parameter: Parameter) -> Any:
    """
    Declare a parameter that is fixed while the node runs, and return its value.

    :raises ParameterError: when it is out of its range, of another type or not a choice
    """
    try:
        node.declare_parameter(name, parameter.default, parameter.descriptor())
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        raise ParameterError(f'parameter {name}: {error}') from error
    value = value_of(node, name)
    _check_value(name, parameter, value)
    return value


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
    return {name: value_of(node, name) for name in SPECIFICATION}


def value_of(node: Node, name: str) -> Any:
    """
    Return a declared parameter's value.

    :raises UserError: when it has none, as after ``cameras:=[]``, which has no type
    """
    try:
        return node.get_parameter(name).value
    except ParameterUninitializedException as error:
        raise UserError(
            f'parameter {name} has no value: give it one, or leave it out') from error


def _check_value(name: str, parameter: Parameter, value: Any) -> None:
    """Refuse what rclpy lets pass: no choice, and a number neither too small nor too large."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f'parameter {name} is {value}: it must be a finite number')
    if parameter.choices and value not in parameter.choices:
        raise ParameterError(
            f'parameter {name} is {value!r}: it must be one of ' + ', '.join(parameter.choices))


def _check(values: Mapping[str, Any], given: Sequence[Given]) -> SetParametersResult:
    changed = {one.name: one.value for one in given if one.name in SPECIFICATION}
    try:
        _settings({**values, **changed})
    except ParameterError as error:
        return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)


def _settings(values: Mapping[str, Any]) -> Settings:
    for name, parameter in SPECIFICATION.items():
        _check_value(name, parameter, values[name])
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
