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
Raw annotations to turns exactly as the authors' converter makes them, defects included.

For comparing with what was trained on their data. Written from a description of its behaviour
(maifoundations/Streamo, scripts/convert_streaming_video.py at 6d1f1ab); ``mended`` corrects
what this one gets wrong.
"""

from streamo_ros.dialogue import State
from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.sources.stream_file import Turn
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import read_reference_time


def reference_turns(
    annotation: Annotation, count: int, fps: float, question: str = ''
) -> list[Turn]:
    """
    Return the turns of one record.

    :param count: the number of turns
    :param question: asked at the first turn of a record that has no question of its own
    :raises BadRecord: when there is nothing to ask
    """
    turns = [Turn() for _ in range(count)]
    for index, asked in enumerate(annotation.questions):
        time = read_reference_time(asked.time, fps, f'question[{index}].time')
        if asked.content and time is not None and _frame(time) < count:
            turns[_frame(time)].question = asked.content
    if not turns[0].question:
        first = annotation.questions[0].content if annotation.questions else ''
        if not (first or question):
            raise BadRecord('question', 'nothing is asked: give a question for such records')
        turns[0].question = first or question
    for index, response in enumerate(annotation.responses):
        start = read_reference_time(response.st_time, fps, f'response[{index}].st_time')
        end = read_reference_time(response.end_time, fps, f'response[{index}].end_time')
        time = read_reference_time(response.time, fps, f'response[{index}].time')
        if start is not None and end is not None:
            for turn in turns[_frame(start):_frame(end) + 1]:
                turn.state, turn.text = State.STANDBY, ''
            due = _frame(end) + 1
        elif time is not None:
            due = _frame(time)
        else:
            continue
        if due < count and response.content:
            turns[due].state, turns[due].text = State.RESPONSE, response.content
    return turns


def _frame(time: int) -> int:
    return max(0, time - 1)
