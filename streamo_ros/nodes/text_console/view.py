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
What a terminal shows of the nodes: lines as things happen, and how it stands now.

Events are those of the board. All texts come from anybody in the graph: on a terminal they stand
in one line each, without codes that it would obey.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
import time
from typing import Any
import unicodedata

from streamo_ros.nodes.printable import printable

STATES = ('silence', 'STANDBY', 'RESPONSE')
LONGEST = 2000      # characters of a line

Event = Mapping[str, Any]


@dataclass
class _Shown:
    """
    A node.

    :param lanes: by camera and id
    :param troubles: the parts of its health that are not well, with what they say
    """

    present: bool = False
    lanes: dict[tuple[str, str], Event] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)


class View:
    """
    The nodes.

    :param names: of the nodes, full
    :param changes: whether each change of a state is a line: where nothing else shows it
    """

    def __init__(self, names: list[str], changes: bool) -> None:
        self._nodes = {name: _Shown() for name in names}
        self._changes = changes

    def take(self, event: Event) -> list[str]:
        """Take an event; return the lines that tell of it, without times."""
        node = self._nodes[event['node']]
        where = f"{event['node']}  " if len(self._nodes) > 1 else ''
        tell = getattr(self, f"_{event['kind']}", None)
        return [line(where + told) for told in (tell(node, event) if tell else [])]

    def _presence(self, node: _Shown, event: Event) -> list[str]:
        was, node.present = node.present, event['present']
        if event.get('restarted'):
            return [f"{event['node']} was started again: its window is empty"]
        if was == node.present:
            return []
        return [f"{event['node']} is here" if node.present
                else f"{event['node']} is gone: nothing is heard of it any more"]

    def _state(self, node: _Shown, event: Event) -> list[str]:
        key = event['camera'], event['id']
        before = node.lanes.pop(key, None)
        if not event['standing']:
            return [f"withdrawn  {event['id']}"] if before else []
        node.lanes[key] = {**event, 'tick': event['tick'] or (before or {}).get('tick')}
        if not self._changes:
            return []
        said = []
        if event['status'] != 'ok' and event['detail'] and (
                before is None or before['detail'] != event['detail']):
            said.append(f"{event['status']}  {event['detail']}")
        if event['tick'] and (
                before is None or not before['tick'] or before['state'] != event['state']):
            said.append(_now(event))
        return said

    def _forgotten(self, node: _Shown, event: Event) -> list[str]:
        node.lanes.pop((event['camera'], event['id']), None)
        return []

    def _camera_status(self, node: _Shown, event: Event) -> list[str]:
        return []

    def _answer(self, node: _Shown, event: Event) -> list[str]:
        answer = event['answer']
        cut = '' if answer['complete'] else '  (cut short)'
        data = f'  {_data(answer)}' if answer['data'] or answer['data_error'] else ''
        return [f"answer  {answer['id']} ({answer['camera']})  {answer['text']}{cut}{data}"]

    def _data(self, node: _Shown, event: Event) -> list[str]:
        return [f"data  {event['id']} ({event['camera']})  {_data(event)}"]

    def _refused(self, node: _Shown, event: Event) -> list[str]:
        return [f"refused  {event['text'] or event['id']}: {event['detail']}"]

    def _health(self, node: _Shown, event: Event) -> list[str]:
        before = node.troubles
        node.troubles = {
            part['part']: part['message'] for part in event['health'] if part['level'] != 'ok'}
        # Sentences count seconds: the same trouble is told once, and when it is over.
        return [f'{part}: {message}' for part, message in node.troubles.items()
                if part not in before] + [
            f'{part}: well again' for part in before if part not in node.troubles]

    def now(self, rows: int) -> list[str]:
        """Return how it stands, in at most so many lines."""
        lines: list[str] = []
        for name, node in self._nodes.items():
            trouble = '; '.join(node.troubles.values())
            lines.append(line(f'{name}  ' + (
                'not heard' if not node.present else trouble or 'well')))
            lines += [line(f'  {_now(lane)}') for lane in node.lanes.values()]
        if len(lines) > rows:
            lines[rows - 1:] = [f'  and {len(lines) - rows + 1} more']
        return lines

    def ids(self) -> list[str]:
        """Return the ids of what stands."""
        return sorted({id for node in self._nodes.values() for _, id in node.lanes})


def _data(event: Event) -> str:
    return event['data'] or f"no data: {event['data_error']}"


def _now(lane: Event) -> str:
    state = lane['state']
    decided = any(lane['probabilities'])
    what = f"{STATES[state]:8}  {lane['probabilities'][state]:.2f}" if decided else 'undecided'
    return f"{what:14}  {lane['id']} ({lane['camera']})  {lane['text']}"


def line(text: str) -> str:
    """Return a text as one line that a terminal takes as it is."""
    return printable(text, LONGEST)


def stamped(text: str) -> str:
    """Return a line with the time of day."""
    return f'{time.strftime("%H:%M:%S")}  {text}'


def width(character: str) -> int:
    """Return how many columns of a terminal a printable character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in 'WF' else 1


def fitted(text: str, columns: int) -> str:
    """Return the beginning of a text that fits into so many columns."""
    taken = 0
    for place, character in enumerate(text):
        taken += width(character)
        if taken > columns:
            return text[:place]
    return text
