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

"""A video is watched turn by turn, and a question stands at its turns and no others."""

import numpy as np
import pytest
from tiny_streams import damage
from tiny_streams import write_video

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.benchmarks.watching import Heard
from streamo_ros.evaluation.benchmarks.watching import pictures_at
from streamo_ros.evaluation.benchmarks.watching import Question
from streamo_ros.evaluation.benchmarks.watching import watch
from streamo_ros.sources.source_error import SourceError


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    """Return a video of five seconds, four frames each; grey 40, 60, 80, 40, 60 at its edge."""
    file = tmp_path_factory.mktemp('video') / 'a.mp4'
    write_video(file, 'SSSSS')
    return file


def test_a_picture_is_the_first_at_or_after_its_time_until_the_video_ends(video):
    shades = [float(picture[0].mean()) for picture in pictures_at(video, [0, 0.8, 2, 4.7, 6])]
    assert shades == pytest.approx([40, 60, 80, 60], abs=4)


def test_questions_come_and_go_at_their_turns(video):
    engine = StreamEngine.from_pretrained('nano')
    engine.watch('Something left from before.')
    heard = watch(engine, video, [
        Question('Tell me when something moves.'), Question('And now?', 2, 3),
        Question('Later?', 9)], range(8))
    assert [(one.first, len(one.states)) for one in heard] == [(0, 5), (2, 2), (9, 0)]
    for one in heard:
        assert all((one.states[turn - one.first] is State.RESPONSE) for turn in one.answers)


def test_watching_begins_anew_each_time(video):
    engine = StreamEngine.from_pretrained('nano')
    questions = [Question('Tell me when something moves.'), Question('Is it dark?', 1)]
    once = watch(engine, video, questions, range(5))
    assert watch(engine, video, questions, range(5)) == once


def test_a_question_sees_the_stamp_of_its_turn(video, monkeypatch):
    engine = StreamEngine.from_pretrained('nano', fps=2)
    seen = []
    step = engine.step

    def noted(picture, stamp):
        seen.append((stamp, picture.dtype))
        return step(picture, stamp)

    monkeypatch.setattr(engine, 'step', noted)
    watch(engine, video, [Question('Now?')], [0, 0.5, 1.0])
    assert seen == [(0, np.uint8), (0.5, np.uint8), (1.0, np.uint8)]


def test_what_was_heard_is_kept_as_json():
    heard = Heard(3, (State.SILENCE, State.STANDBY, State.RESPONSE), {5: 'Yes: "ü".'})
    assert heard.to_json() == {'first': 3, 'states': 'SBR', 'answers': {'5': 'Yes: "ü".'}}
    assert Heard.from_json(heard.to_json()) == heard


def test_a_video_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / 'a.mp4').write_bytes(b'no video')
    with pytest.raises(SourceError, match='cannot be read as a video'):
        list(pictures_at(tmp_path / 'a.mp4', [0]))


def test_a_damaged_packet_is_passed_over_and_told(tmp_path, capsys):
    write_video(tmp_path / 'a.avi', 'SSSSS', 'mjpeg')
    damage(tmp_path / 'a.avi', 4, 6)
    shades = [float(picture[0].mean()) for picture in pictures_at(tmp_path / 'a.avi', range(5))]
    assert shades == pytest.approx([40, 60, 80, 40, 60], abs=4)
    assert '2 bad images were passed over' in capsys.readouterr().err


def test_a_video_that_breaks_off_is_told(tmp_path):
    write_video(tmp_path / 'a.avi', 'SSSSS', 'mjpeg')
    damage(tmp_path / 'a.avi', *range(20))
    with pytest.raises(SourceError, match='no frame that can be used'):
        list(pictures_at(tmp_path / 'a.avi', range(5)))
