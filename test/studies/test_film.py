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

"""Real film is marked and scored fairly: what could be seen either way counts neither way."""

import av
import numpy as np
import pytest

from streamo_ros.metrics.events import EventScore
from streamo_ros.studies.film import Clip
from streamo_ros.studies.film import difference
from streamo_ros.studies.film import Edit
from streamo_ros.studies.film import FilmError
from streamo_ros.studies.film import find_film
from streamo_ros.studies.film import frames
from streamo_ros.studies.film import Ignored
from streamo_ros.studies.film import INSTRUCTIONS
from streamo_ros.studies.film import load_annotations
from streamo_ros.studies.film import run
from streamo_ros.studies.film import Said
from streamo_ros.studies.film import score
from streamo_ros.studies.film import table
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.phrases import TELL
from streamo_ros.worlds.sentry import Event
from streamo_ros.worlds.sentry_topics import CLAUSES
from streamo_ros.worlds.truth import due_tick

ANNOTATED = load_annotations()


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    """Return a film of 8 s at 10 frames a second: blocks, and in each frame its number as grey."""
    path = tmp_path_factory.mktemp('films') / 'film.mp4'
    blocks = np.random.default_rng(0).integers(60, 200, (6, 8, 3)).astype(np.uint8)
    picture = blocks.repeat(16, 0).repeat(16, 1)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, 'yuv420p'
        stream.bit_rate = 4_000_000
        for number in range(80):
            shown = picture.copy()
            shown[:32, :32] = 3 * number
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, 'rgb24')))
        container.mux(stream.encode())
    return path


def numbers(clip, film):
    """Return (stamp, number of the film's frame) of what a clip shows."""
    return [(round(stamp, 3), round(float(frame[8:24, 8:24].mean()) / 3))
            for frame, stamp in frames(clip, film)]


# -- the annotations -------------------------------------------------------------------------


@pytest.mark.parametrize('clip', ANNOTATED.clips + ANNOTATED.edited, ids=lambda clip: clip.name)
def test_a_clip_is_well_marked(clip):
    assert clip.film in ANNOTATED.sources and clip.fps > 0
    left, top, right, bottom = clip.crop
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    stamps = [tick / clip.fps for tick in range(int(clip.seconds * clip.fps))]
    for event in clip.events:
        assert event.skill in SKILLS
        assert 0 <= event.start < event.end <= clip.seconds
        assert event.settled is None or event.start <= event.settled <= event.end
        assert due_tick(event, stamps) is not None
    for span in clip.ignored:
        assert set(span.skills) <= set(SKILLS) and 0 <= span.start < span.end
        assert span.start <= clip.seconds
    for edit in clip.edits:
        assert 0 < edit.start + 1 < edit.end
        if edit.kind == 'shift':
            size = clip.crop[2] - clip.crop[0], clip.crop[3] - clip.crop[1]
            assert np.allclose((edit.to[2] - edit.to[0], edit.to[3] - edit.to[1]), size)
            assert min(edit.to) >= 0 and max(edit.to) <= 1


def test_every_skill_happens_in_some_clip():
    clips = ANNOTATED.clips + ANNOTATED.edited
    assert {event.skill for clip in clips for event in clip.events} == set(SKILLS)


def test_the_instructions_are_in_words_never_trained_on():
    for skill, text in INSTRUCTIONS.items():
        assert any(
            text == frame.format(clause)
            for frame in TELL.test for clause in CLAUSES[skill].test)


def test_a_film_that_is_not_here_is_named_with_its_remedy(film):
    sources = {
        'no.avi': {'package': 'a-package', 'path': '/none/no.avi', 'get': 'apt install it'},
        'no.mp4': {'package': 'b', 'module': 'no_such_module', 'path': 'x', 'get': 'make build'}}
    with pytest.raises(FilmError, match='no.avi of a-package .* `apt install it`'):
        find_film('no.avi', sources, None)
    with pytest.raises(FilmError, match='make build'):
        find_film('no.mp4', sources, None)
    assert find_film('film.mp4', sources, film.parent.parent) == film


# -- what is shown ---------------------------------------------------------------------------


def test_frames_are_sampled_by_their_stamps(film):
    assert numbers(Clip('', '', 2, 2.0), film) == [(0, 0), (0.5, 5), (1.0, 10), (1.5, 15)]


def test_a_clip_ends_with_its_film(film):
    assert numbers(Clip('', '', 1, 20.0), film)[-1] == (7.0, 70)


def test_a_film_goes_on_where_it_froze(film):
    clip = Clip('', '', 2, 4.0, edits=(Edit('freeze', 0.9, 2.4),))
    shown = numbers(clip, film)
    assert [stamp for stamp, _ in shown] == [tick / 2 for tick in range(8)]
    assert [number for _, number in shown] == [0, 5, 9, 9, 9, 10, 15, 20]


def test_a_crop_and_a_shift_of_it_show_other_parts(film):
    whole = [frame for frame, _ in frames(Clip('', '', 1, 4.0), film)]
    crop, to = (0.0, 0.5, 0.5, 1.0), (0.5, 0.5, 1.0, 1.0)
    clip = Clip('', '', 1, 4.0, crop, edits=(Edit('shift', 0.5, 2.5, to=to),))
    shown = [frame for frame, _ in frames(clip, film)]
    np.testing.assert_array_equal(shown[0], whole[0][48:, :64])
    np.testing.assert_array_equal(shown[1], whole[1][48:, 64:])
    np.testing.assert_array_equal(shown[3], whole[3][48:, :64])


def test_dark_keeps_a_share_of_the_light_and_a_cover_nothing_of_the_picture(film):
    def shown(edit):
        return [frame for frame, _ in frames(Clip('', '', 1, 4.0, edits=(edit,)), film)]

    dark = shown(Edit('dark', 0.5, 2.5, gain=0.2))
    assert dark[2].mean() / dark[0].mean() == pytest.approx(0.2, abs=0.05)
    assert dark[3].mean() == pytest.approx(dark[0].mean(), rel=0.1)
    for look in ('black', 'skin', 'blur'):
        covered = shown(Edit('cover', 0.5, 2.5, look=look))
        assert covered[2][::16].astype(float).std(0).mean() < 16
        assert covered[3][::16].astype(float).std(0).mean() > 32


def test_the_events_of_an_edit_are_what_it_does():
    assert [event.skill for event in Edit('dark', 2, 5).events()] == ['light_off', 'light_on']
    assert [event.skill for event in Edit('cover', 2, 5).events()] == ['cover', 'uncover']
    assert [event.skill for event in Edit('freeze', 2, 5).events()] == ['stop', 'start']
    assert [event.start for event in Edit('shift', 2, 5).events()] == [2, 5]


# -- the score -------------------------------------------------------------------------------

CLIP = Clip(
    '', '', 1, 20.0, events=(Event('enter', 4.5, 5.0), Event('leave', 11.5, 12.0)),
    ignored=(Ignored(('enter',), 9.0, 13.0),))


def said(**ticks):
    found = Said([float(tick) for tick in range(20)])
    found.ticks.update(ticks)
    return found


@pytest.mark.parametrize('ticks, expected', [
    ([], EventScore(1, 0, 0)),
    ([5], EventScore(1, 1, 1)),
    ([6], EventScore(1, 1, 1)),
    ([7], EventScore(1, 1, 0)),
    ([10, 11], EventScore(1, 0, 0)),      # ignored: neither hit nor false alarm
    ([5, 9, 13], EventScore(1, 1, 1)),
    ([5, 8, 14], EventScore(1, 3, 1)),
])
def test_answers_in_an_ignored_span_count_neither_way(ticks, expected):
    assert score(CLIP, said(enter=ticks))['enter'] == expected


def test_an_ignored_span_is_of_its_skills_alone():
    assert score(CLIP, said(leave=[9]))['leave'] == EventScore(1, 1, 0)


def test_an_event_within_an_ignored_span_can_still_be_hit():
    clip = Clip('', '', 1, 20.0, events=CLIP.events, ignored=(Ignored(('leave',), 9, 15),))
    assert score(clip, said(leave=[12, 14]))['leave'] == EventScore(1, 1, 1)


def test_the_tolerance_is_of_seconds_not_of_ticks():
    clip = Clip('', '', 2, 10.0, events=(Event('enter', 4.5, 5.0),))
    found = Said([tick / 2 for tick in range(20)], {'enter': [12]})
    assert score(clip, found)['enter'].hits == 1
    assert score(clip, Said(found.stamps, {'enter': [13]}))['enter'].hits == 0


def test_a_clip_is_watched_by_the_engine_and_the_baselines(film):
    clip = Clip('dark', 'film.mp4', 1, 7.0, events=Edit('dark', 2.2, 5.2).events(),
                edits=(Edit('dark', 2.2, 5.2, gain=0.15),))
    gone = Clip('gone', 'no.avi', 1, 7.0)
    sources = {'no.avi': {'package': 'p', 'path': '/none/no.avi', 'get': 'g'}}
    scores, answers, missing = run('nano', [clip, gone], sources, film.parent)
    assert [sentence.split()[0] for sentence in missing] == ['no.avi']
    assert scores['differencing']['light_off'] == EventScore(1, 1, 1)
    assert scores['always silent']['light_on'] == EventScore(1, 0, 0)
    for watcher, skills in scores.items():
        for skill, counted in skills.items():
            assert counted.said == sum(
                answer['watcher'] == watcher and answer['skill'] == skill for answer in answers)
    assert difference(list(frames(clip, film))).ticks['light_off'] == [3]
    lines = table('film', scores).splitlines()
    assert [line.split()[0] for line in lines[2:]] == [*INSTRUCTIONS, 'all']
