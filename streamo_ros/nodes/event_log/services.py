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
``~/list_events``, ``~/get_event`` and ``~/ask``: what the event log holds, for whoever asks.

The log is read beside its writer, in a thread of its own and not in the executor's, one request at
a time.
"""

from collections.abc import Callable
from pathlib import Path

from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node

from streamo_ros.action import Ask
from streamo_ros.errors import UserError
from streamo_ros.events.answer import Answer
from streamo_ros.events.answer import AnswerKind
from streamo_ros.events.asking import ask
from streamo_ros.events.event_reader import EventQuery
from streamo_ros.events.event_reader import EventReader
from streamo_ros.events.schema import EventLogError
from streamo_ros.nodes.deferred_action_server import DeferredActionServer
from streamo_ros.nodes.event_log.messages import image
from streamo_ros.nodes.event_log.messages import nanoseconds
from streamo_ros.nodes.event_log.messages import record
from streamo_ros.nodes.process.executor import SlowCallbackGroup
from streamo_ros.srv import GetEvent
from streamo_ros.srv import ListEvents


class EventServices:
    """
    Serves the event log.

    :param folder: of the log; None: there is none, which is what every request is told
    """

    def __init__(self, node: Node, folder: Path | None) -> None:
        self._node = node
        self._folder = folder
        self._asked = 0     # when the last question came, by the node's clock
        group = SlowCallbackGroup()
        node.create_service(ListEvents, '~/list_events', self._list, callback_group=group)
        node.create_service(GetEvent, '~/get_event', self._get, callback_group=group)
        self._server = DeferredActionServer(
            node, Ask, '~/ask', begin=self._begin, callback_group=group)

    def _open(self) -> EventReader:
        if self._folder is None:
            raise EventLogError('there is no event log: give the parameter event_log a folder')
        return EventReader(self._folder)

    def _list(
        self, request: ListEvents.Request, response: ListEvents.Response
    ) -> ListEvents.Response:
        query = EventQuery(
            nanoseconds(request.since) or None, nanoseconds(request.until) or None,
            request.camera, request.instruction, request.words)

        def read() -> None:
            with self._open() as log:
                events, response.total = log.page(query, request.page, request.limit)
            response.events = [record(event) for event in events]

        response.error_msg = _trouble(read)
        return response

    def _get(self, request: GetEvent.Request, response: GetEvent.Response) -> GetEvent.Response:
        def read() -> None:
            with self._open() as log:
                found = log.get(request.id)
            if found is None:
                raise EventLogError(
                    f'the log holds no event {request.id}: it never did, or it has grown too old')
            event, pictures = found
            response.event = record(event)
            response.pictures = [image(picture, event.frame_id) for picture in pictures]

        response.error_msg = _trouble(read)
        return response

    def _begin(self, handle: ServerGoalHandle) -> None:
        request = handle.request
        now = nanoseconds(request.now) or self._node.get_clock().now().nanoseconds
        away = nanoseconds(request.away_since) or self._asked or None
        answer = Answer(AnswerKind.DECLINED, '')

        def read() -> None:
            nonlocal answer
            with self._open() as log:
                answer = ask(log, request.question, now, request.timezone, away)

        if trouble := _trouble(read):
            answer = Answer(AnswerKind.DECLINED, trouble)
        self._asked = now
        handle.succeed()
        self._server.conclude(handle, Ask.Result(
            kind=int(answer.kind), answer=answer.text, event_ids=list(answer.event_ids)))


def _trouble(read: Callable[[], None]) -> str:
    """Return in a sentence why the log cannot be read; empty when it was."""
    try:
        read()
    except UserError as error:
        return str(error)
    return ''
