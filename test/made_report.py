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

"""Reports of invented runs, in the shape that an evaluation leaves them."""

from collections.abc import Sequence

import numpy as np

from streamo_ros.evaluation.bags.report_data import Answer
from streamo_ros.evaluation.bags.report_data import AnswerScores
from streamo_ros.evaluation.bags.report_data import Bag
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.evaluation.bags.report_data import Configuration
from streamo_ros.evaluation.bags.report_data import DelayScores
from streamo_ros.evaluation.bags.report_data import Event
from streamo_ros.evaluation.bags.report_data import EventScores
from streamo_ros.evaluation.bags.report_data import Figure
from streamo_ros.evaluation.bags.report_data import Group
from streamo_ros.evaluation.bags.report_data import Instruction
from streamo_ros.evaluation.bags.report_data import Report
from streamo_ros.evaluation.bags.report_data import Scored
from streamo_ros.evaluation.bags.report_data import Scores
from streamo_ros.evaluation.bags.report_data import StateScores
from streamo_ros.evaluation.bags.report_data import Ticks

FPS = 2.0


def instruction(
    name: str, ticks: int, events: Sequence[int], answers: Sequence[int],
    text: str = 'Tell me when the light goes off.', words: str = 'The light went off.',
) -> Instruction:
    """
    Return one that was asked from the start, on ticks every half second.

    :param events: ticks at which one is complete, begun two ticks before
    :param answers: ticks at which the model spoke; one within two ticks of an event meets it
    """
    true, states = np.zeros(ticks, int), np.zeros(ticks, int)
    for tick in events:
        true[max(0, tick - 2):tick], true[tick] = 1, 2
    for tick in answers:
        states[max(0, tick - 2):tick], states[tick] = 1, 2
    truth = [Event((tick - 2) / FPS, tick / FPS, words) for tick in events]
    said = []
    for tick in answers:
        met = next((place for place, due in enumerate(events) if abs(due - tick) <= 2), None)
        if met is not None:
            truth[met].met_by = len(said)
        said.append(Answer(
            tick, tick / FPS, max(0, tick - 2) / FPS, words, True, 0.8, met,
            None if met is None else (tick - events[met]) / FPS, None if met is None else True))
    chances = np.full((ticks, 3), 0.1)
    chances[np.arange(ticks), states] = 0.8
    scored = Scored(2, _scores(ticks, truth, said), {
        'always_silent': _scores(ticks, truth, [])})
    return Instruction(
        name, text, 0.0, None, 'annotation', 'event_caption', 'light_off', truth, 0,
        states.tolist(), chances.tolist(), true.tolist(), said, scored)


def report(
    *instructions: Instruction, path: str = 'nowhere', camera: str = '/camera', name: str = 'room',
) -> Report:
    """Return a report of one bag with one camera."""
    ticks = len(instructions[0].states)
    seen = Camera(
        camera, 'sensor_msgs/msg/Image', 64, 48, ticks,
        Ticks([tick / FPS for tick in range(ticks)], [0] * ticks, [0.02] * ticks),
        list(instructions))
    configuration = Configuration(
        'nano', 'f' * 64, 'onnxruntime', FPS, 30, 128, '', [1.0, 2.0, 3.0], 'minute', 200, 0)
    first = instructions[0].scored
    return Report(
        configuration, {'streamo_ros': '0.1.0'}, 'a machine',
        [Bag(name, path, '', 10**18, ticks / FPS, 1.0, '', [seen])],
        [] if first is None else [Group('all', '', first), Group('skill', 'light_off', first)])


def pictures(bag, camera, stamps):
    """Return a frame for each stamp, as ``bag_frames.frames_at`` does: a grey that tells them."""
    return [
        np.full((48, 64, 3), (stamp - 10**18) // 5 * 10**-8 % 200, np.uint8) for stamp in stamps]


def _scores(ticks: int, truth: Sequence[Event], said: Sequence[Answer]) -> Scores:
    def figure(value: float) -> Figure:
        return Figure(value, value / 2, (1 + value) / 2)

    hits = sum(answer.event is not None for answer in said)
    within = [
        EventScores(
            tolerance, hits, figure(hits / len(said) if said else 1.0),
            figure(hits / len(truth) if truth else 1.0),
            figure(2 * hits / max(1, len(truth) + len(said))))
        for tolerance in (1.0, 2.0, 3.0)]
    none = Figure()
    return Scores(
        ticks / FPS, ticks, len(truth), len(said),
        StateScores([[ticks, 0, 0], [0, 0, 0], [0, 0, 0]], *([figure(0.5)] * 3 for _ in range(3)),
                    figure(0.5)),
        within, DelayScores([], none, none, none), len(said) - hits, Figure(3.0), figure(0.25),
        none, AnswerScores(hits, none, none, 0, none, none))
