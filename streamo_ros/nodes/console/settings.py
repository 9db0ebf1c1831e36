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

"""The console's parameters."""

from dataclasses import dataclass

from rclpy.exceptions import InvalidParameterTypeException
from rclpy.exceptions import InvalidParameterValueException
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.validate_topic_name import validate_topic_name

from streamo_ros.nodes.console.access import read_token
from streamo_ros.nodes.parameters import Parameter
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.web.access import is_loopback

SPECIFICATION: dict[str, Parameter] = {
    'nodes': Parameter(
        ['streamo'], 'The nodes to show, by their names in the namespace of the console, or full '
        'ones.'),
    'host': Parameter(
        '127.0.0.1', 'Address to listen at. Beyond this machine a token_file is needed.'),
    'port': Parameter(8420, 'Port to listen at; 0: any that is free.', range=(0, 65535)),
    'token_file': Parameter(
        '', 'File with the token that browsers must give; empty: none is needed.'),
    'certificate': Parameter(
        '', 'File with a certificate (PEM): what is said is then encrypted.'),
    'private_key': Parameter('', 'File with its private key (PEM).'),
}


@dataclass(frozen=True)
class Settings:
    """
    The parameters' values.

    :param nodes: full names
    :param token: in the token_file; empty: none is needed
    """

    nodes: tuple[str, ...]
    host: str
    port: int
    token: str
    certificate: str
    private_key: str


def declare(node: Node) -> Settings:
    """
    Declare the parameters on the console's node and return their values.

    :raises ParameterError: when they make no sense
    """
    values = {}
    for name, parameter in SPECIFICATION.items():
        try:
            values[name] = node.declare_parameter(
                name, parameter.default, parameter.descriptor()).value
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise ParameterError(f'parameter {name}: {error}') from error
    try:
        for name in values['nodes']:
            validate_topic_name(name)
        nodes = tuple(node.resolve_topic_name(name) for name in values['nodes'])
    except InvalidTopicNameException as error:
        raise ParameterError(f'parameter nodes: {error}') from error
    if not nodes or len(set(nodes)) != len(nodes):
        raise ParameterError(
            f'parameter nodes is {list(values["nodes"])}: it must name each node once')
    if bool(values['certificate']) != bool(values['private_key']):
        raise ParameterError(
            'parameters certificate and private_key: give both, or none of them')
    if not values['token_file'] and not is_loopback(values['host']):
        raise ParameterError(
            f'parameter host is {values["host"]}, which others can reach: give a token_file as '
            'well, or leave host out and come through ssh -L')
    return Settings(
        nodes, values['host'], values['port'],
        read_token(values['token_file']) if values['token_file'] else '',
        values['certificate'], values['private_key'])
