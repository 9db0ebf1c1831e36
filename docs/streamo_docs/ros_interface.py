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
The ROS interface as Markdown, read from what defines it.

Messages, services and actions from their files, parameters from the node's specification and the
file of their defaults, launch arguments from the launch file, names of topics from the SROS2
policy (which a test holds against the running nodes' graph) and their types from the calls that
make them.
"""

import ast
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
import re
from typing import Any
import xml.etree.ElementTree as ElementTree

from streamo_docs.markdown import definition
from streamo_docs.markdown import escape

# The camera's subscription is made for whichever of the two is published.
CAMERA_TYPES = {
    'image': 'sensor_msgs/msg/Image', 'image/compressed': 'sensor_msgs/msg/CompressedImage'}
# What every lifecycle node of rclpy has, and what is said of it elsewhere
STANDARD = re.compile(
    r'/(clock|rosout|parameter_events)|~/(transition_event|get_state|get_available_\w+'
    r'|get_transition_graph|get_parameter\w*|get_type_description|list_parameters'
    r'|describe_parameters|set_parameters\w*|change_state)')
USES = {'subscribe': 'in', 'publish': 'out', 'reply': 'service', 'execute': 'action'}


class InterfaceError(ValueError):
    """The documentation and the code disagree; the message says about what."""


@dataclass(frozen=True)
class Constant:
    """A constant of an interface file; its meaning stands in the comment of its field."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Field:
    """A field of an interface file, with the constants that are its values."""

    type: str
    name: str
    text: str
    constants: list[Constant] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """A message, one of the two of a service, or the goal, result or feedback of an action."""

    text: list[str]
    fields: list[Field]


def read_interface(text: str) -> list[Part]:
    """Return the parts of a .msg, .srv or .action file."""
    return [_read_part(part) for part in re.split(r'^---$', text, flags=re.MULTILINE)]


def _read_part(text: str) -> Part:
    part = Part([], [])
    for block in re.split(r'\n\s*\n', text.strip()):
        lines = block.splitlines()
        comment = [line.lstrip('# ') for line in lines if line.startswith('#')]
        declared = [line.split() for line in lines if line and not line.startswith('#')]
        if not declared:
            part.text.append(' '.join(comment))
            continue
        values = dict(line[1].split('=') for line in declared if '=' in line[1])
        about, meanings = _read_comment(comment, values)
        constants = [Constant(name, value, meanings[name]) for name, value in values.items()]
        part.fields.extend(
            Field(type, name, about, constants) for type, name in declared if '=' not in name)
    return part


def _read_comment(lines: list[str], constants: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return what is said of the field, and of each of its constants."""
    about: list[str] = []
    meanings: dict[str, list[str]] = {name: [] for name in constants}
    place = about
    for line in lines:
        name, _, rest = line.partition(': ')
        if name in meanings:
            place, line = meanings[name], rest
        place.append(line)
    return ' '.join(about), {name: ' '.join(words) for name, words in meanings.items()}


def interface(text: str) -> str:
    """Return an interface file as Markdown."""
    parts = read_interface(text)
    titles = {
        1: [''], 2: ['**Request**', '**Response**'],
        3: ['**Goal**', '**Result**', '**Feedback**']}[len(parts)]
    written = []
    for title, part in zip(titles, parts, strict=True):
        if not part.text and not part.fields:
            continue  # an action may have no feedback
        written += [title, *(escape(paragraph) for paragraph in part.text)]
        written += [_field(one) for one in part.fields]
    return '\n\n'.join(piece for piece in written if piece) + '\n'


def _field(one: Field) -> str:
    constants = '\n'.join(
        f'* `{constant.name}` ({constant.value})'
        + (f': {escape(constant.meaning)}' if constant.meaning else '')
        for constant in one.constants)
    return definition(f'`{one.name}` `{one.type}`', escape(one.text), constants)


def parameters(specification: Mapping[str, Any], config: str) -> str:
    """
    Return parameters as Markdown.

    :param specification: ``nodes.parameters.SPECIFICATION``, or another node's
    :param config: config/streamo.yaml, whose comments explain more than the specification
    """
    comments = _comments(config)
    entries = []
    for name, parameter in specification.items():
        default = repr(parameter.default) if isinstance(parameter.default, float) else (
            str(parameter.default).lower() if isinstance(parameter.default, bool)
            else str(parameter.default) or "''")
        allowed = ', '.join(f'`{choice}`' for choice in parameter.choices)
        if parameter.range:
            allowed = '{:g} to {:g}'.format(*parameter.range)
        when = 'takes effect at once' if parameter.live else (
            'read whenever the node is configured' if parameter.model else 'fixed at start')
        entries.append(definition(
            f'`{name}`', escape(comments.get(name) or parameter.description),
            f'Default `{default}`; ' + (f'{allowed}; ' if allowed else '') + when + '.'))
    return '\n'.join(entries)


def _comments(config: str) -> dict[str, str]:
    """Return what stands above each parameter in the file of defaults."""
    found, above = {}, []
    for line in config.splitlines():
        if match := re.match(r' +#\s*(.*)', line):
            above.append(match[1])
        else:
            if match := re.match(r' +(\w+):', line):
                found[match[1]] = ' '.join(above)
            above = []
    return found


def launch_arguments(source: str) -> str:
    """Return the arguments of a launch file as Markdown."""
    tree = ast.parse(source)
    rows = []
    for call in _calls(tree, 'DeclareLaunchArgument'):
        options = {option.arg: option.value for option in call.keywords}
        if isinstance(call.args[0], ast.Constant):
            rows.append((call.args[0].value, *(
                ast.literal_eval(options[name]) for name in ('default_value', 'description'))))
        else:  # one for each of the parameters that have an argument of their own
            own = next(
                node.value for node in tree.body
                if isinstance(node, ast.Assign) and node.targets[0].id == 'PARAMETERS')
            rows.extend(
                (ast.literal_eval(name), '', ast.literal_eval(value.elts[1]))
                for name, value in zip(own.keys, own.values, strict=True))
    return '\n'.join(
        definition(f'`{name}`', escape(about), f'Default `{default}`.' if default else '')
        for name, default, about in rows)


def topics(node: str, policy: str, nodes: Path, about: Mapping[str, str]) -> str:
    """
    Return a node's topics, services and actions as Markdown.

    :param policy: config/streamo_policy.xml
    :param nodes: the folder of the nodes' sources
    :param about: what is said of each name
    :raises InterfaceError: when a name is not explained, or there is none such
    """
    uses = policy_names(node, policy)
    if differing := uses.keys() ^ about.keys():
        raise InterfaceError(
            f'{node}: the SROS2 policy and the page differ about {sorted(differing)}')
    types = {**interface_types(nodes), **CAMERA_TYPES}
    return '\n'.join(
        definition(f'`{name}` ({uses[name]}) `{types[name]}`', text)
        for name, text in about.items())


def read_topics(text: str) -> dict[str, str]:
    """Return what is said of each topic: paragraphs, each with the name on a line of its own."""
    entries = (entry.split('\n', 1) for entry in text.strip().split('\n\n'))
    return {name: ' '.join(about.split()) for name, about in entries}


def policy_names(node: str, policy: str) -> dict[str, str]:
    """Return the names that a node has in the SROS2 policy, without the standard ones."""
    profile = ElementTree.fromstring(policy).find(f".//profile[@node='{node}']")
    if profile is None:
        raise InterfaceError(f'{node} is not in the SROS2 policy')
    return {
        str(name.text): USES[use]
        for group in profile for use in group.attrib for name in group
        if not STANDARD.fullmatch(str(name.text))}


def interface_types(folder: Path) -> dict[str, str]:
    """Return the type of each topic, service and action by the name the code makes it with."""
    found = {}
    for file in sorted(folder.rglob('*.py')):
        if 'tools' in file.parts:
            continue
        tree = ast.parse(file.read_text())
        imported = {
            alias.asname or alias.name: '/'.join([*node.module.split('.'), alias.name])
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module and re.search(
                r'\.(msg|srv|action)$', node.module)
            for alias in node.names}
        constants = {
            node.targets[0].id: node.value.value for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)}
        for call in _calls(tree):
            for kind, name in zip(call.args, call.args[1:]):
                if isinstance(kind, ast.Name) and kind.id in imported:
                    text = name.value if isinstance(name, ast.Constant) else (
                        constants.get(name.id) if isinstance(name, ast.Name) else None)
                    if isinstance(text, str):
                        found[text] = imported[kind.id]
    return found


def _calls(tree: ast.AST, name: str = '') -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name in ('', getattr(node.func, 'id', '')):
            yield node
