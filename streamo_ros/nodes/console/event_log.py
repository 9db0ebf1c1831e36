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
The console's end of a node's event log: searched, asked, and shown with its pictures.

A node may have no log: what of it is there is looked at now and then. All of this runs in the
callback group of the link, and waits for nothing.
"""

from collections.abc import Callable
import time
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from streamo_ros.action import Ask
from streamo_ros.action_client import ActionClient
from streamo_ros.msg import EventRecord
from streamo_ros.nodes.console.board import number
from streamo_ros.nodes.console.board import seconds
from streamo_ros.nodes.console.board import text
from streamo_ros.nodes.console.calls import Calls
from streamo_ros.nodes.console.calls import Done
from streamo_ros.srv import GetEvent
from streamo_ros.srv import ListEvents

LATEST_S = (1 << 31) - 1    # that a stamp can say
ASK_S = 60.0                # after which a question is taken not to be answered
MOST_NAMED = 1000           # events that an answer to a question names
MAX_PICTURE = 4 << 20       # bytes
KINDS = ('declined', 'list', 'count', 'yes_no', 'first', 'last', 'duration', 'comparison')


class EventLog:
    """
    The log of one node.

    :param name: the node's full name
    :param take: takes each event that is logged, as plain data
    """

    def __init__(
        self, node: Node, name: str, group: CallbackGroup, calls: Calls,
        take: Callable[[dict[str, Any]], None],
    ) -> None:
        self._calls = calls
        self._list = node.create_client(ListEvents, f'{name}/list_events', callback_group=group)
        self._get = node.create_client(GetEvent, f'{name}/get_event', callback_group=group)
        self._ask = ActionClient(node, Ask, f'{name}/ask', callback_group=group)
        self._questions: list[tuple[float, Done]] = []
        node.create_subscription(
            EventRecord, f'{name}/event', lambda message: take(to_data(message)), 100,
            callback_group=group)

    def services(self) -> list[str]:
        """Return what of it is there now."""
        there = {
            'list_events': self._list.service_is_ready(),
            'get_event': self._get.service_is_ready(), 'ask': self._ask.server_is_ready()}
        return [name for name, ready in there.items() if ready]

    def look_after(self) -> None:
        """Notice, once a second, questions that are not answered."""
        now = time.monotonic()
        for due, done in self._questions:
            if now > due:
                done(None, f'the question was not answered within {ASK_S:g} s')
        self._questions = [one for one in self._questions if one[0] >= now]

    def list_events(
        self, since: float, until: float, camera: str, words: str, page: float, limit: float,
        done: Done,
    ) -> None:
        """Look for events, the latest first; 0 leaves an end of the time open."""
        def take(response: ListEvents.Response | None, trouble: str) -> None:
            if response is None:
                done(None, trouble)
            elif response.error_msg:
                done(None, text(response.error_msg))
            else:
                done({'events': [to_data(event) for event in response.events[:int(limit)]],
                      'total': response.total}, '')

        self._calls.call(self._list, ListEvents.Request(
            since=_stamp(since), until=_stamp(until), camera=camera, words=words,
            page=int(page), limit=int(limit)), take)

    def get_event(self, id: float, done: Done) -> None:
        """Return an event by its number."""
        self._fetch(int(id), lambda response: to_data(response.event), done)

    def pictures(self, id: int, done: Done) -> None:
        """Return the pictures of an event as JPEG."""
        self._fetch(id, lambda response: [
            data for picture in response.pictures
            if len(picture.data) <= MAX_PICTURE
            and (data := bytes(picture.data)).startswith(b'\xff\xd8')], done)

    def _fetch(self, id: int, value: Callable[[GetEvent.Response], Any], done: Done) -> None:
        def take(response: GetEvent.Response | None, trouble: str) -> None:
            if response is None:
                done(None, trouble)
            elif response.error_msg:
                done(None, text(response.error_msg))
            else:
                done(value(response), '')

        self._calls.call(self._get, GetEvent.Request(id=id), take)

    def ask(self, question: str, timezone: str, away_since: float, done: Done) -> None:
        """Ask what has been; the answer names the events it rests on."""
        if not self._ask.server_is_ready():
            done(None, 'this node answers no questions')
            return
        waiting = time.monotonic() + ASK_S, done

        def finish(value: Any, trouble: str) -> None:
            if waiting in self._questions:
                self._questions.remove(waiting)
                done(value, trouble)

        def accepted(future: Any) -> None:
            handle = future.result() if future.exception() is None else None
            if handle is None or not handle.accepted:
                finish(None, 'the node did not take the question')
                return
            handle.get_result_async().add_done_callback(answered)

        def answered(future: Any) -> None:
            if future.exception() is not None:
                finish(None, f'the question failed: {future.exception()}')
                return
            result = future.result().result
            finish({
                'kind': KINDS[result.kind] if result.kind < len(KINDS) else 'declined',
                'answer': text(result.answer),
                'events': [int(id) for id in result.event_ids[:MOST_NAMED]]}, '')

        self._questions.append(waiting)
        self._ask.send_goal_async(Ask.Goal(
            question=question, timezone=timezone, away_since=_stamp(away_since),
        )).add_done_callback(accepted)


def to_data(event: EventRecord) -> dict[str, Any]:
    """Return an entry of the log as plain data for JSON."""
    return {
        'id': event.id, 'state': event.state, 'camera': text(event.camera, 128),
        'instruction_id': text(event.instruction_id, 128),
        'instruction': text(event.instruction), 'text': text(event.text),
        'complete': event.complete, 'start': seconds(event.event_start),
        'end': seconds(event.event_end), 'probability': number(event.probability),
        'pictures': event.pictures, 'data': text(event.data)}


def _stamp(value: float) -> Time:
    value = min(max(value, 0.0), LATEST_S)
    return Time(sec=int(value), nanosec=int(value % 1 * 1e9))
