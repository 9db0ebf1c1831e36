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

"""A bag is watched as the node would have watched it, and what is bad in it is passed over."""

import json
from pathlib import Path

import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from tiny_bags import CAMERA
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.evaluation.bags import run as bag_run
from streamo_ros.evaluation.bags.run import DECISIONS
from streamo_ros.evaluation.bags.run import watch_bag
from streamo_ros.evaluation.bags.run import Watching
from streamo_ros.evaluation.bags.run import WRITTEN
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.source_error import SourceError
from streamo_ros.worlds import SentryWorld

LIGHT = 'Tell me when the light goes off or on.'
MOTION = 'Tell me when something starts moving.'
ASKED = Annotations((Asked('light', LIGHT),))
BOTH = Annotations((*ASKED.instructions, Asked('motion', MOTION, asked=3.2)))
WORLD = SentryWorld(5, seconds=12.0, split='test', size=(112, 112), skills=['light_off'])
FRAMES = [WORLD.render(index / 10) for index in range(100)]
FPS = 2.0


@pytest.fixture
def watch(tmp_path):
    """Write a bag with a function, watch it, and return what was found."""
    def watch(write, annotations=ASKED, **watching):
        with TinyBag(tmp_path / 'bag') as bag:
            write(bag)
        out = tmp_path / f'out{len(list(tmp_path.iterdir()))}'
        out.mkdir()
        found = watch_bag(
            tmp_path / 'bag', 'room', Watching(fps=FPS, **watching), annotations, out)
        found.written = str(out)
        return found
    return watch


def film(bag, indices=range(100), **more):
    for index in indices:
        bag.image(index / 10, FRAMES[index], **more)


def kinds(notices):
    return {notice.kind: notice.count for notice in notices}


def test_it_decides_what_the_engine_decides_of_the_same_frames(watch):
    found = watch(film, BOTH)
    engine = StreamEngine.from_pretrained('nano', fps=FPS)
    engine.watch(LIGHT)
    decided = {LIGHT: [], MOTION: []}
    for index in range(0, 100, 5):
        if index == 35:
            engine.watch(MOTION)
        decisions = engine.step(FRAMES[index], (START + index * 10**8) / 1e9)
        for text, decision in zip(decided, decisions, strict=False):
            decided[text].append(decision)
    camera, = found.cameras
    assert camera.ticks.stamps == [index / 2 for index in range(20)]
    assert (camera.frames, camera.width, camera.height) == (100, 112, 112)
    assert [one.first_tick for one in camera.instructions] == [0, 7]
    for one in camera.instructions:
        assert one.states == [int(decision.state) for decision in decided[one.text]]
        np.testing.assert_allclose(
            one.probabilities, [decision.probabilities for decision in decided[one.text]],
            atol=1e-6)
        assert [answer.text for answer in one.answers] == [
            decision.text for decision in decided[one.text] if decision.text]
    assert camera.instructions[0].answers, 'the light went off and nothing was said'


def test_answers_have_data_where_the_annotations_ask_for_it(watch):
    pytest.importorskip('llguidance')
    found = watch(film, Annotations((
        Asked('light', LIGHT, answer=AnswerFormat(('dark', 'light'))),
        Asked('plain', LIGHT))), thresholds=Thresholds(1e-9))
    lines = [json.loads(line) for line in Path(found.written, DECISIONS).read_text().splitlines()]
    asked = [line for line in lines if line['instruction_id'] == 'light']
    answered = [line for line in asked if line['state'] == 'response']
    assert answered and {line['data'] for line in answered} <= {'dark', 'light'}
    assert {line['data'] for line in asked if line['state'] != 'response'} <= {None}
    assert all('data' not in line for line in lines if line['instruction_id'] == 'plain')


def test_recorded_instructions_that_ask_for_data_are_followed_with_it(watch):
    pytest.importorskip('llguidance')
    schema = '{"type": "boolean"}'

    def write(bag):
        film(bag, range(5))
        bag.instruction(0.4, 'ADD', LIGHT, id='light', choices=['dark', 'light'])
        bag.instruction(0.4, 'ADD', LIGHT, id='truth', schema=schema)
        bag.instruction(0.4, 'ADD', LIGHT, id='wrong', schema='{')
        film(bag, range(5, 60))
        bag.instruction(6.0, 'CANCEL', id='light', choices=['it does not matter', ''])
        film(bag, range(60, 80))

    found = watch(write, None, thresholds=Thresholds(1e-9))
    light, truth = found.cameras[0].instructions
    assert (light.choices, light.json_schema) == (['dark', 'light'], '')
    assert (truth.choices, truth.json_schema) == ([], schema)
    assert light.withdrawn is not None and truth.withdrawn is None
    assert light.origin == '/streamo/structured_instruction'
    assert kinds(found.cameras[0].notices) == {'refused instructions': 1}
    lines = [json.loads(line) for line in Path(found.written, DECISIONS).read_text().splitlines()]
    assert {line['data'] for line in lines if line['state'] == 'response'} & {'dark', 'light'}


def test_every_decision_is_a_line_and_a_message(watch):
    found = watch(film, BOTH)
    out = found.written
    with open(f'{out}/{DECISIONS}', encoding='utf-8') as file:
        lines = [json.loads(line) for line in file]
    light, motion = found.cameras[0].instructions
    assert len(lines) == len(light.states) + len(motion.states)
    with AnyReader([Path(out) / WRITTEN]) as reader:
        # Definitions are in the bag: the reader was given none.
        messages = {
            topic: [(logged, reader.deserialize(raw, one.msgtype))
                    for one, logged, raw in reader.messages(reader.topics[topic].connections)]
            for topic in ('/streamo/instruction', '/streamo/state', '/streamo/response')}
    assert [one.text for _, one in messages['/streamo/instruction']] == [LIGHT, MOTION]
    states = messages['/streamo/state']
    assert [(state.instruction_id, state.state, state.tick) for _, state in states] == [
        (line['instruction_id'], ['silence', 'standby', 'response'].index(line['state']),
         line['tick']) for line in lines]
    assert [state.seq for _, state in states] == list(range(1, len(lines) + 1))
    for (logged, state), line in zip(states, lines, strict=True):
        stamp = state.header.stamp.sec * 10**9 + state.header.stamp.nanosec
        assert stamp == line['stamp_ns'] and logged == stamp + 3_000_000
        assert state.header.frame_id == 'optical'
    answers = [answer for one in (light, motion) for answer in one.answers]
    responses = [message for _, message in messages['/streamo/response']]
    assert sorted(message.text for message in responses) == sorted(one.text for one in answers)
    by_text = {one.text: one for one in light.answers}
    for message in responses:
        if message.instruction_id == 'light':
            began = message.event_start.sec * 10**9 + message.event_start.nanosec - START
            assert began * 1e-9 == pytest.approx(by_text[message.text].started)


def test_the_instructions_that_were_recorded_are_followed_when_they_came(watch):
    def write(bag):
        film(bag, range(30))
        bag.instruction(2.95, 'ADD', LIGHT, id='light')
        bag.instruction(2.95, 'ADD', LIGHT, id='light')    # the name is taken
        film(bag, range(30, 60))
        bag.text(5.95, MOTION)
        film(bag, range(60, 80))
        bag.instruction(7.95, 'CANCEL', id='light')
        bag.text(7.95, ' ')
        film(bag, range(80, 100))

    camera, = watch(write, annotations=None).cameras
    light, text = camera.instructions
    assert (light.id, light.text, light.origin) == ('light', LIGHT, '/streamo/instruction')
    assert (text.id, text.origin) == ('instruction_text', '/streamo/instruction_text')
    assert (light.first_tick, len(light.states)) == (6, 10)
    assert (text.first_tick, len(text.states)) == (12, 4)
    assert light.withdrawn == text.withdrawn == 7.9
    assert kinds(camera.notices) == {'refused instructions': 1}


def test_an_instruction_once_is_withdrawn_after_its_answer(watch):
    def write(bag):
        bag.instruction(0, 'ADD', LIGHT, id='light', once=True)
        film(bag)

    light, = watch(write, annotations=None).cameras[0].instructions
    assert len(light.answers) == 1
    assert light.states[-1] == 2 and len(light.states) < 20


def test_of_a_bag_that_was_cut_off_the_rest_is_watched(watch, tmp_path):
    whole = watch(film)
    file = tmp_path / 'bag' / 'bag.mcap'
    cut = tmp_path / 'cut.mcap'
    cut.write_bytes(file.read_bytes()[:file.stat().st_size // 2])
    out = tmp_path / 'of_cut'
    out.mkdir()
    found = watch_bag(cut, 'cut', Watching(fps=FPS), ASKED, out)
    assert kinds(found.notices) == {'cut off': 1}
    states, expected = (one.cameras[0].instructions[0].states for one in (found, whole))
    assert 4 < len(states) < len(expected)
    assert states == expected[:len(states)]


def test_a_bag_without_instructions_is_refused(watch):
    with pytest.raises(SourceError, match='no instructions'):
        watch(film, annotations=None)


def test_every_camera_is_a_stream_of_its_own(watch):
    def write(bag):
        for index in range(100):
            bag.image(index / 10, FRAMES[index], topic='/front')
            bag.image(index / 10 + 0.01, FRAMES[99 - index], topic='/rear')

    both = watch(write)
    front, rear = both.cameras
    assert (front.topic, rear.topic) == ('/front', '/rear')
    assert rear.ticks.stamps[0] == 0.01
    assert front.instructions[0].probabilities != rear.instructions[0].probabilities
    assert rear.instructions[0].probabilities[0] != rear.instructions[0].probabilities[1]
    assert both.duration_s == pytest.approx(9.91)


def test_only_the_cameras_that_are_asked_about_are_watched(watch):
    def write(bag):
        film(bag, range(20), topic='/front')
        film(bag, range(20), topic='/rear')

    asked = Annotations((
        Asked('one', LIGHT, camera='/rear'), Asked('two', LIGHT, camera='/gripper')))
    found = watch(write, asked)
    assert [camera.topic for camera in found.cameras] == ['/rear']
    assert kinds(found.notices) == {'unknown cameras': 1}


def test_of_a_camera_recorded_twice_the_raw_topic_is_watched(watch):
    def write(bag):
        film(bag, range(20))
        for index in range(20):
            bag.jpeg(index / 10, FRAMES[index])
        # ... and something else again on the raw topic's name
        bag.write(CAMERA, 'std_msgs/msg/String', b'\0\1\0\0\1\0\0\0\0', START)

    found = watch(write)
    camera, = found.cameras
    assert (camera.topic, camera.type, camera.frames) == (CAMERA, IMAGE, 20)
    assert kinds(found.notices) == {'repeated cameras': 1, 'mixed topics': 1}


def test_compressed_images_alone_will_do(watch):
    def write(bag):
        for index in range(20):
            bag.jpeg(index / 10, FRAMES[index])

    camera, = watch(write).cameras
    assert len(camera.ticks.stamps) == 4


def test_bad_frames_are_counted_and_leave_their_place_to_the_next(watch):
    def write(bag):
        film(bag, range(10))
        bag.write(CAMERA, IMAGE, b'\0\1\0\0\0\0', START + 10**9)
        whole = FRAMES[10]
        bag.image(1.0, whole[:, :0])                        # no pixels in it
        bag.image(500.0, whole[:, :0], logged=1.05)         # nor is its stamp believed
        film(bag, range(11, 20))

    camera, = watch(write).cameras
    assert kinds(camera.notices) == {'unreadable messages': 1, 'bad images (zero size)': 2}
    assert camera.ticks.stamps == [0.0, 0.5, 1.1, 1.5]


def test_frames_whose_stamps_stand_still_are_counted(watch):
    def write(bag):
        film(bag, range(10))
        bag.image(0.9, FRAMES[3], logged=0.95)
        bag.image(0.85, FRAMES[3], logged=0.96)
        film(bag, range(10, 20))

    camera, = watch(write).cameras
    assert kinds(camera.notices) == {'stale stamps': 2}
    assert camera.ticks.stamps == [0.0, 0.5, 1.0, 1.5]


def test_a_gap_is_counted_and_the_grid_of_ticks_stays(watch):
    camera, = watch(lambda bag: film(bag, [*range(10), *range(37, 60)])).cameras
    assert kinds(camera.notices) == {'gaps': 1}
    assert camera.ticks.stamps == [0.0, 0.5, 3.7, 4.0, 4.5, 5.0, 5.5]


def test_after_a_jump_back_watching_goes_on_in_a_new_epoch(watch):
    def write(bag):
        film(bag, range(50))
        for index in range(50):
            bag.image(index / 10, FRAMES[index], logged=5 + index / 10)

    camera, = watch(write).cameras
    assert kinds(camera.notices) == {'jumps of time': 1}
    assert camera.ticks.epochs == [0] * 10 + [1] * 10
    assert camera.ticks.stamps == [index / 2 for index in range(10)] * 2
    light = camera.instructions[0]
    assert light.probabilities[:10] == light.probabilities[10:]


def test_after_a_change_of_aspect_watching_goes_on_in_a_new_epoch_and_of_size_in_the_same(watch):
    def write(bag):
        film(bag, range(10))
        for index in range(10, 20):
            bag.image(index / 10, FRAMES[index][::2, ::2])
        for index in range(22, 40):
            bag.image(index / 10, FRAMES[index - 22][:84])
        for index in range(18):
            bag.image(10.2 + index / 10, FRAMES[index][:84])

    camera, = watch(write).cameras
    assert {one.kind: one.sentence for one in camera.notices} == {
        'changes of size': f'the pictures on {CAMERA} are 56x56 now, and were 112x112',
        'changes of aspect': f'the pictures on {CAMERA} are 112x84 now, and were 56x56: '
                             'watching went on in a new epoch',
        'gaps': f'{CAMERA} has no frame for 6.500 s after 3.700 s'}
    assert camera.ticks.epochs == [0] * 4 + [1] * 8
    assert camera.ticks.stamps == [
        0.0, 0.5, 1.0, 1.5, 2.2, 2.7, 3.2, 3.7, 10.2, 10.7, 11.2, 11.7]
    assert (camera.width, camera.height) == (112, 112)


def test_an_answers_event_begins_with_the_standby_that_led_to_it(watch, monkeypatch):
    states = iter((0, 1, 1, 2, 2, 1, 0, 2, 1, 2))

    class Scripted(StreamEngine):
        def step(self, frame, stamp):
            state = State(next(states))
            return [Decision('watch-1', state, (0.0, 0.0, 1.0), 'Now.', True, stamp)]

    monkeypatch.setattr(bag_run, 'StreamEngine', Scripted)
    # The stamps go back before the last tick, between Standby and Response.
    camera, = watch(lambda bag: [
        *(bag.image(index / 2, FRAMES[0]) for index in range(9)),
        bag.image(0.5, FRAMES[0], logged=5.0)]).cameras
    assert [(one.started, one.stamp) for one in camera.instructions[0].answers] == [
        (0.5, 1.5), (2.0, 2.0), (3.5, 3.5), (0.5, 0.5)]


def test_what_is_asked_after_the_end_is_said(watch):
    camera, = watch(
        lambda bag: film(bag, range(20)),
        Annotations((Asked('light', LIGHT), Asked('late', MOTION, asked=60.0)))).cameras
    assert kinds(camera.notices) == {'asked too late': 1}
    assert [one.id for one in camera.instructions] == ['light']


def test_stamps_of_annotations_may_be_those_of_the_headers(watch):
    camera, = watch(
        lambda bag: film(bag, range(20)),
        Annotations((Asked('light', LIGHT, asked=START * 1e-9 + 1.2),), absolute=True)).cameras
    assert camera.instructions[0].first_tick == 3


def test_a_bag_in_which_no_frame_is_whole_is_refused(watch):
    with pytest.raises(SourceError, match='no frame that can be used'):
        watch(lambda bag: bag.write(CAMERA, IMAGE, b'\0\1\0\0\0\0', START))


def test_a_bag_without_a_camera_is_refused(watch):
    with pytest.raises(SourceError, match='no camera; its topics: /streamo/instruction_text'):
        watch(lambda bag: bag.text(0, LIGHT))
