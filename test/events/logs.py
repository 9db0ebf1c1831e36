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

"""Logs of known truth."""

from datetime import datetime
from zoneinfo import ZoneInfo

from streamo_ros.dialogue import State
from streamo_ros.events.event import Event
from streamo_ros.events.event_log import Bounds
from streamo_ros.events.event_log import EventLog

ZONE = 'Europe/Berlin'
BOUNDS = Bounds(days=36500.0, bytes=2**30, events=10**8)

LIGHT = 'Tell me when the light goes off or on.'
PERSON = 'Tell me when somebody comes in or leaves.'
BALL = 'Tell me when the ball falls off the table.'
DOOR = 'Tell me when the door opens or closes.'


def ns(text):
    """Return a local time, such as 2026-03-11 14:05:30, in nanoseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp()) * 10**9


def answer(when, instruction, text, camera='front', lasted=2, **fields):
    ended = ns(when)
    return Event(
        State.RESPONSE, ended - lasted * 10**9, ended, camera, 'i', instruction, text,
        logged=ended + 10**8, **fields)


NOW = '2026-03-11 17:00:00'  # a Wednesday
DAY = [
    ('2026-03-07 11:00:00', DOOR, 'The door opened.'),                       # 1 Saturday
    ('2026-03-07 11:05:00', DOOR, 'The door closed.'),                       # 2
    ('2026-03-09 08:30:00', PERSON, 'A man came in.'),                       # 3 Monday
    ('2026-03-10 09:15:00', LIGHT, 'The light went on.'),                    # 4 yesterday
    ('2026-03-10 14:10:00', BALL, 'The ball fell off the table.'),           # 5
    ('2026-03-10 19:30:00', LIGHT, 'The light went off.'),                   # 6
    ('2026-03-11 08:00:00', LIGHT, 'The light came on.'),                    # 7 today
    ('2026-03-11 08:05:20', PERSON, 'A woman walks in.'),                    # 8
    ('2026-03-11 09:40:00', DOOR, 'The door has been opened.'),              # 9
    ('2026-03-11 09:41:30', DOOR, 'It was closed again.'),                   # 10
    ('2026-03-11 11:20:00', LIGHT, 'It is dark now.'),                       # 11
    ('2026-03-11 12:30:00', LIGHT, 'The lamp is on again.'),                 # 12
    ('2026-03-11 13:10:00', PERSON, 'The woman leaves the room.'),           # 13
    ('2026-03-11 14:02:00', PERSON, 'A man entered.'),                       # 14
    ('2026-03-11 14:30:00', LIGHT, 'Somebody turned the light off.'),        # 15
    ('2026-03-11 15:15:00', BALL, 'The ball has dropped to the floor.'),     # 16
    ('2026-03-11 15:50:00', DOOR, 'The door opens.'),                        # 17
    ('2026-03-11 16:20:00', DOOR, 'The door was shut.'),                     # 18
    ('2026-03-11 16:55:00', LIGHT, 'The light was switched on.'),            # 19
]


def write(folder, entries):
    with EventLog(folder, BOUNDS) as log:
        log.add([(answer(*entry), ()) for entry in entries])
    return folder
