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
What is known of one node, from what it publishes: the same for every browser that joins.

Everything here is plain data for JSON, bounded, and belongs to the executor's thread. Texts come
from anybody in the graph: they are cut to a length, and numbers that are none become 0.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
import math
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.exceptions import InvalidTopicNameException
from rclpy.validate_full_topic_name import validate_full_topic_name

from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredResponse

TICKS = 900         # kept for each lane: a quarter of an hour at one frame a second
LANES = 256         # instructions and cameras, withdrawn ones included
WITHDRAWN = 32      # lanes of instructions that no longer stand
ANSWERS = 200
EVENTS = 64         # logged ones whose answers may still come
TEXT = 4096         # characters of any text
VALUES = 64         # figures, and parts, of a diagnosis
SILENT_S = 4.0
"""Without anything heard of it for so long, a node is gone: it says how it is once a second."""

STATUS = ('ok', 'loading', 'inactive', 'no_frames', 'late', 'refused', 'error')
LEVELS = {
    DiagnosticStatus.OK: 'ok', DiagnosticStatus.WARN: 'warn', DiagnosticStatus.ERROR: 'error',
    DiagnosticStatus.STALE: 'error'}

Emit = Callable[[dict[str, Any]], None]


@dataclass
class Lane:
    """
    One instruction on one camera.

    :param ticks: (stamp in seconds, state, probabilities of standby and response) of each decision
    """

    camera: str
    id: str
    text: str
    epoch: int
    state: int = 0
    probabilities: tuple[float, float, float] = (0.0, 0.0, 0.0)
    status: str = 'ok'
    detail: str = ''
    age_s: float = 0.0
    standing: bool = True
    ticks: deque[tuple[float, int, float, float]] = field(
        default_factory=lambda: deque(maxlen=TICKS))

    def now(self) -> dict[str, Any]:
        """Return what there is to say of it now."""
        return {
            'camera': self.camera, 'id': self.id, 'text': self.text, 'epoch': self.epoch,
            'state': self.state, 'probabilities': self.probabilities, 'status': self.status,
            'detail': self.detail, 'age_s': self.age_s, 'standing': self.standing}


class Board:
    """
    One node as its operators see it.

    :param node: its full name
    :param emit: takes each change, for the browsers
    """

    def __init__(self, node: str, emit: Emit) -> None:
        self.node = node
        self.present = False
        """Whether it has been heard of lately."""
        self.starts = 0
        """How often it was seen to begin anew."""
        self.topics: dict[str, str] = {}
        """The topic of each camera, by the node's name for it."""
        self.answers: deque[dict[str, Any]] = deque(maxlen=ANSWERS)
        self._emit = emit
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._health: list[dict[str, Any]] = []
        self._parameters: dict[str, Any] = {}
        self._cameras: list[str] = []
        self._services: list[str] = []
        self._events: dict[tuple[str, str, float], tuple[int, int]] = {}   # the latest logged
        self._data: dict[tuple[int, float], tuple[str, str]] = {}   # come before their answers
        self._answered = 0          # answers heard
        self._seq = 0               # of the latest state
        self._heard_at = -math.inf  # steady time

    def snapshot(self) -> dict[str, Any]:
        """Return all that is known."""
        return {
            'node': self.node, **self._presence(), 'health': self._health,
            'cameras': self._camera_list(), 'parameters': self._parameters,
            'services': self._services, 'answers': list(self.answers),
            'lanes': [{**lane.now(), 'ticks': list(lane.ticks)} for lane in self._lanes.values()]}

    def take_state(self, message: StreamState, now: float) -> None:
        """Take a state, heard at the steady time ``now``."""
        restarted = 0 < message.seq <= self._seq
        self._seq = message.seq
        if restarted:
            self._restart()
        self._hear(now)
        camera, id = text(message.camera, 128), text(message.instruction_id, 128)
        status = STATUS[message.status] if message.status < len(STATUS) else 'error'
        if status == 'refused':
            self._say('refused', id=id, camera=camera, text=text(message.instruction),
                      detail=text(message.detail))
            return
        self._retire(camera, id, status)
        if not id:
            self._say('camera_status', camera=camera, status=status, detail=text(message.detail))
            return
        lane = self._lane(message, camera, id)
        lane.status, lane.detail, lane.standing = status, text(message.detail), True
        lane.age_s = number(message.age_s)
        lane.state = min(message.state, StreamState.RESPONSE)
        lane.probabilities = (
            number(message.probability_silence), number(message.probability_standby),
            number(message.probability_response))
        tick = None
        stamp = seconds(message.header.stamp)
        # A latched state that is met for the first time is a decision as well, however old.
        if any(lane.probabilities) and (not lane.ticks or stamp > lane.ticks[-1][0]):
            tick = (stamp, lane.state, *lane.probabilities[1:])
            lane.ticks.append(tick)
        self._say('state', **lane.now(), tick=tick)

    def take_response(self, message: Response, now: float) -> dict[str, Any]:
        """Take an answer; return it as it is kept, for its picture to be noted in it."""
        self._hear(now)
        self._answered += 1
        answer = {
            'number': self._answered, 'camera': text(message.camera, 128),
            'id': text(message.instruction_id, 128), 'instruction': text(message.instruction),
            'text': text(message.text), 'complete': message.complete, 'epoch': message.epoch,
            'start': seconds(message.event_start), 'stamp': seconds(message.header.stamp),
            'probability': number(message.probability), 'latency_s': number(message.latency_s),
            'seq': message.seq, 'picture': False, 'event': 0, 'event_pictures': 0}
        answer['data'], answer['data_error'] = self._data.pop(
            (message.seq, answer['stamp']), ('', ''))
        event = self._events.get((answer['camera'], answer['id'], answer['stamp']))
        if event is not None:  # an answer is logged first, and published then
            answer['event'], answer['event_pictures'] = event
        self.answers.append(answer)
        return answer

    def take_structured(self, message: StructuredResponse, now: float) -> None:
        """Take the data of an answer, which may come before the answer and after it."""
        self._hear(now)
        data, trouble = text(message.data), text(message.error_msg)
        if len(message.data) > TEXT:
            data, trouble = '', f'the data has {len(message.data)} characters: too many to show'
        key = message.response.seq, seconds(message.response.header.stamp)
        for answer in reversed(self.answers):
            if (answer['seq'], answer['stamp']) == key:
                answer['data'], answer['data_error'] = data, trouble
                self._say('data', number=answer['number'], id=answer['id'],
                          camera=answer['camera'], data=data, data_error=trouble)
                return
        self._data[key] = data, trouble
        while len(self._data) > EVENTS:
            del self._data[next(iter(self._data))]

    def tell_answer(self, answer: dict[str, Any]) -> None:
        """Have the browsers told of an answer."""
        self._say('answer', answer=answer)

    def take_event(self, event: dict[str, Any]) -> None:
        """Take an entry of the log; the answer that it is of is known by it from then on."""
        key = event['camera'], event['instruction_id'], event['end']
        self._events[key] = event['id'], event['pictures']
        while len(self._events) > EVENTS:
            del self._events[next(iter(self._events))]
        for answer in reversed(self.answers):
            if (answer['camera'], answer['id'], answer['stamp']) == key:
                answer['event'], answer['event_pictures'] = self._events[key]
                break
        self._say('event', event=event)

    def take_diagnostics(self, statuses: list[DiagnosticStatus], now: float) -> None:
        """Take the node's own statuses out of a message of ``/diagnostics``."""
        prefix = f'{self.node}: '
        ours = [status for status in statuses if status.name.startswith(prefix)][:VALUES]
        if not ours:
            return
        self._hear(now)
        self._health = [
            {'part': text(status.name.removeprefix(prefix), 128),
             'level': LEVELS.get(status.level, 'error'), 'message': text(status.message),
             'values': {
                 text(value.key, 128): text(value.value) for value in status.values[:VALUES]}}
            for status in ours]
        topics = {}
        for part in self._health:
            kind, _, camera = part['part'].partition(' ')
            if kind == 'stream' and _is_topic(part['values'].get('topic', '')):
                topics[camera] = part['values']['topic']
        if '' in topics and len(self._cameras) == 1:  # the only camera, which is not named there
            topics[self._cameras[0]] = topics.pop('')
        topics.pop('', None)
        self._say('health', health=self._health)
        if topics != self.topics:
            self.topics = topics
            self._say('cameras', cameras=self._camera_list())

    def take_cameras(self, names: list[str]) -> None:
        """Take the names of the node's cameras."""
        self._cameras = [text(name, 128) for name in names[:VALUES]]

    def take_parameters(self, values: dict[str, Any]) -> None:
        """Take values of parameters, all or some."""
        if {**self._parameters, **values} != self._parameters:
            self._parameters.update(values)
            self._say('parameters', parameters=self._parameters)

    def take_services(self, names: list[str]) -> None:
        """Take which of the services that a node may lack are there."""
        if names != self._services:
            self._services = names
            self._say('services', services=names)

    def look_after(self, now: float) -> None:
        """Notice, once a second, that nothing is heard of it any more."""
        if self.present and now - self._heard_at > SILENT_S:
            self.present = False
            self._say('presence', **self._presence())

    def _hear(self, now: float) -> None:
        self._heard_at = now
        if not self.present:
            self.present = True
            self._say('presence', **self._presence())

    def _restart(self) -> None:
        self.starts += 1
        for key in list(self._lanes):
            self._withdraw(key)
        self._say('presence', **self._presence(), restarted=True)

    def _presence(self) -> dict[str, Any]:
        return {'present': self.present, 'starts': self.starts}

    def _camera_list(self) -> list[dict[str, str]]:
        return [{'name': name, 'topic': topic} for name, topic in self.topics.items()]

    def _lane(self, message: StreamState, camera: str, id: str) -> Lane:
        key = camera, id
        lane = self._lanes.get(key)
        if lane is None or lane.text != text(message.instruction):
            lane = self._lanes[key] = Lane(camera, id, text(message.instruction), message.epoch)
            while len(self._lanes) > LANES:
                self._forget(next(iter(self._lanes)))
        elif lane.epoch != message.epoch:
            lane.epoch = message.epoch
            if lane.ticks and seconds(message.header.stamp) < lane.ticks[-1][0]:
                lane.ticks.clear()  # a bag that begins again: its stamps are those of before
        return lane

    def _retire(self, camera: str, id: str, status: str) -> None:
        """
        Notice which instructions no longer stand: no message lists those that do.

        A node that is not active says so of all of them; one that is says it of an instruction
        that was withdrawn. With the empty id it says that none stands.
        """
        for key, lane in list(self._lanes.items()):
            if lane.camera == camera and key[1] != id and lane.standing and (
                    not id or (lane.status == 'inactive' and status != 'inactive')):
                self._withdraw(key)

    def _withdraw(self, key: tuple[str, str]) -> None:
        lane = self._lanes[key]
        lane.standing = False
        self._say('state', **lane.now(), tick=None)
        gone = [other for other, lane in self._lanes.items() if not lane.standing]
        for other in gone[:-WITHDRAWN]:
            self._forget(other)

    def _forget(self, key: tuple[str, str]) -> None:
        lane = self._lanes.pop(key)
        self._say('forgotten', camera=lane.camera, id=lane.id)

    def _say(self, kind: str, **what: Any) -> None:
        self._emit({'kind': kind, 'node': self.node, **what})


def _is_topic(name: str) -> bool:
    try:
        return bool(validate_full_topic_name(name))
    except InvalidTopicNameException:
        return False


def text(value: str, most: int = TEXT) -> str:
    """Return the beginning of a text, without what no UTF-8 can say."""
    return value[:most].encode('utf-8', 'replace').decode('utf-8')


def number(value: float) -> float:
    """Return a number for JSON, to four places; 0 for what is none."""
    return round(value, 4) if math.isfinite(value) else 0.0


def seconds(stamp: Time) -> float:
    """Return a stamp in seconds."""
    return round(stamp.sec + stamp.nanosec / 1e9, 4)
