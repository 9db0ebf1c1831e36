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

"""The test split as bags: the frames and truths of its streams, and a report a browser shows."""

from browser import Browser
from browser import CHROMIUM
import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import read_annotations
from streamo_ros.sources.recording import open_recording
from streamo_ros.studies import split_bags
from streamo_ros.studies.scores import QUESTIONS_A_STREAM
from streamo_ros.studies.scores import TURNS
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import WORLDS

S, B, R = State.SILENCE, State.STANDBY, State.RESPONSE


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """Return the folder and the report of one stream of each world."""
    pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')
    out = tmp_path_factory.mktemp('split')
    return out, split_bags.report(out, WORLDS, 1, seed=3)


def test_what_is_due_is_an_event_from_its_first_sign(written):
    def asked(*truths):
        return split_bags.expected(Question('event_caption', '', 'When?', 2.0, truths))

    assert asked(Truth(S), Truth(B), Truth(B), Truth(R, 'Now.'), Truth(S), Truth(R, 'At once.'),
                 Truth(R, 'Again.'), Truth(B), Truth(S), Truth(B)) == (
        Expected(0.5, 1.5, 'Now.'), Expected(2.5, 2.5, 'At once.'), Expected(3.0, 3.0, 'Again.'))


def test_every_stream_is_there_with_its_frames_and_its_truth(written):
    out, report = written
    assert [bag.error for bag in report.bags] == ['', '']
    for world, bag in zip(WORLDS, report.bags, strict=True):
        stream = draw_stream(
            np.random.default_rng([3, 0]), split='test', turns=TURNS,
            questions=QUESTIONS_A_STREAM, world=world, rate=split_bags.FPS)
        path = out / 'recorded' / f'{world}-3-0'
        frames = [frame.picture() for frame in open_recording(path, 1.0).frames]
        np.testing.assert_array_equal(frames, stream.frames)
        assert [one.text for one in read_annotations(path / 'annotations.yaml').instructions] == [
            question.text for question in stream.questions]
        camera, = bag.cameras
        assert camera.ticks.stamps == [float(tick) for tick in range(TURNS)]
        for question, found in zip(stream.questions, camera.instructions, strict=True):
            responses = [tick for tick, truth in enumerate(question.truths())
                         if truth.state is R]
            assert np.flatnonzero(np.asarray(found.true_states) == R).tolist() == responses
            assert [event.answer for event in found.events] == [
                question.truths()[tick].text for tick in responses]
    assert any(camera.events for bag in report.bags for camera in bag.cameras[0].instructions)


def test_bags_that_are_there_are_not_rendered_again(written, monkeypatch):
    out, report = written
    monkeypatch.setattr(split_bags, 'write_split_bag', lambda *_: pytest.fail('rendered again'))
    assert split_bags.report(out, WORLDS, 1, seed=3).groups == report.groups


@pytest.mark.skipif(
    CHROMIUM is None, reason='no Chromium here: `apt-get install chromium` runs this test')
def test_its_page_opens_with_timelines_and_thumbnails(written):
    out, report = written
    with Browser((1300, 900)) as browser:
        browser.open(out / 'report.html')
        assert browser.run('document.documentElement.dataset.errors') == '0'
        browser.run('document.querySelector(".board").focus()')
        browser.press('n')
        assert browser.run(
            '[...document.querySelectorAll(".card img")].every(image => image.naturalWidth > 0)'
            ' && document.querySelectorAll(".card img").length > 0')
        shown = browser.run('document.body.innerText')
        assert all(one.text in shown for one in report.bags[0].cameras[0].instructions)
        assert browser.complaints == []
