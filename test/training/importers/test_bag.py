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

"""Bags of one's own: what was marked becomes records, and their frames become films of them."""

import json

from imported_records import answers
from imported_records import findings
from imported_records import question
from imported_records import spans
import numpy as np
import pytest
from tiny_bags import CAMERA
from tiny_bags import grey
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.cli.main import main
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import write_annotations
from streamo_ros.sources.recording import open_recording

SIDE = '/side/image_raw'
DOOR = 'Tell me when the door opens.'


@pytest.fixture
def built(tmp_path):
    """Import bags; return raw records, findings and the shades of a film, second by second."""
    def built(*bags, code=0, more=()):
        for out in ('raw.json', 'raw.findings.json'):
            (tmp_path / out).unlink(missing_ok=True)
        films = tmp_path / 'films'
        assert main(['build', 'bag', *map(str, bags), '--videos', str(films), '--out',
                     str(tmp_path / 'raw.json'), *more]) == code
        assert main(['convert', str(tmp_path / 'raw.json'), str(tmp_path / 'stream.json'),
                     '--videos', str(films)]) == 0
        (tmp_path / 'stream.json').unlink()

        def shades(name):
            return [round(float(frame.picture().mean())) for frame in open_recording(
                films / name, 1.0).frames]
        return (json.loads((tmp_path / 'raw.json').read_text()),
                json.loads((tmp_path / 'raw.findings.json').read_text()), shades)
    return built


def write(path, frames, *asked, absolute=False):
    """Write a bag of (second, topic, shade) and what is asked of it."""
    with TinyBag(path) as bag:
        for number, (second, topic, shade) in enumerate(frames):
            picture = shade if isinstance(shade, np.ndarray) else grey(shade)
            bag.image(second, picture, topic, logged=number / 100)
    write_annotations(Annotations(asked, absolute), path / 'annotations.yaml')
    return path


def film(name, topic=CAMERA):
    return f'{name}@{topic.strip("/").replace("/", ".")}'


def test_an_event_is_answered_when_it_is_complete(tmp_path, built):
    bag = write(
        tmp_path / 'monday', [(index / 4, CAMERA, 10 * (index // 4)) for index in range(40)],
        Asked('door', DOOR, 2.5, skill='door', events=(
            Expected(0.5, 1.0, 'Early.'), Expected(3.2, 4.8, 'Open.'), Expected(6.0, 6.0))),
        Asked('never', 'Tell me when it rains.', task='tsqa', events=()))
    (door, never), report, shades = built(bag)
    assert (door['video_path'], door['source'], door['task_type'], door['duration']) == (
        f'{film("monday")}.mp4', 'bag', 'event_caption', 10.0)
    assert question(door) == (DOOR, 3)
    assert spans(door) == [('Early.', 1, 1), ('Open.', 4, 5), ('It has happened.', 7, 7)]
    assert (never['task_type'], never['response'], question(never)[1]) == ('tsqa', [], 1)
    assert findings(report) == [(0, 'no-answer', 'door.events[2]')]
    assert shades(f'{film("monday")}.mp4') == pytest.approx(range(0, 100, 10), abs=2)


def test_each_camera_is_asked_what_is_meant_for_it_in_seconds_of_the_bag(tmp_path, built):
    frames = sorted([(second, CAMERA, 50) for second in range(8)]
                    + [(second + 2.5, SIDE, 90) for second in range(4)])
    zero = START * 1e-9
    bag = write(
        tmp_path / 'bag', frames,
        Asked('side', DOOR, 0.0, SIDE, events=(Expected(zero + 3.5, zero + 4.5, 'Open.'),)),
        Asked('both', 'Say when.', zero + 3, events=(Expected(zero + 1, zero + 2, 'Now.'),)),
        absolute=True)
    records, report, shades = built(bag)
    assert [(record['video_path'], question(record)) for record in records] == [
        (f'{film("bag", SIDE)}.mp4', (DOOR, 1)), (f'{film("bag")}.mp4', ('Say when.', 4)),
        (f'{film("bag", SIDE)}.mp4', ('Say when.', 1))]
    assert [answers(record) for record in records] == [
        [('Open.', 2, 2, '')], [('Now.', 2, 2, '')], []]
    assert findings(report) == [(2, 'outside', 'both.events[0]')]
    assert shades(f'{film("bag", SIDE)}.mp4') == pytest.approx([90] * 4, abs=2)


def test_only_the_cameras_that_are_named_are_watched_and_counted_from(tmp_path, built):
    frames = [(0, SIDE, 1), (1.5, CAMERA, 2), (2.5, CAMERA, 3), (3.5, CAMERA, 4)]
    bag = write(tmp_path / 'bag', frames, Asked(
        'door', DOOR, camera=CAMERA, events=(Expected(1.0, 1.5, 'Open.'),)))
    (record,), _, _ = built(bag)
    assert spans(record) == [('Open.', 2, 2)]
    assert not (tmp_path / 'films' / f'{film("bag", SIDE)}.mp4').exists()


def test_a_hole_is_filled_and_a_jump_begins_a_film_of_its_own(tmp_path, built):
    frames = [(second, CAMERA, 10 * second) for second in (0, 1, 2, 6, 7)]
    frames += [(second, CAMERA, 200) for second in (3, 4)]     # played again: those times were
    frames += [(second, CAMERA, 100 + second) for second in (100, 101, 102)]
    bag = write(tmp_path / 'bag', frames, Asked('door', DOOR, events=(
        Expected(1.0, 2.0, 'One.'), Expected(6.5, 100.5, 'Two.'),
        Expected(101.0, 101.5, 'Three.'))))
    (first, second), report, shades = built(bag)
    assert shades(f'{film("bag")}.mp4') == pytest.approx([0, 10, 20, 20, 20, 20, 60, 70], abs=2)
    assert shades(f'{film("bag")}@2.mp4') == pytest.approx([200, 201, 202], abs=2)
    assert spans(first) == [('One.', 2, 2), ('Two.', 7, 101)]   # Standby to the end, no answer
    assert spans(second) == [('Two.', 1, 1), ('Three.', 2, 2)]
    assert findings(report) == [
        (0, 'held', CAMERA), (0, 'new-film', CAMERA), (0, 'again', CAMERA),
        (0, 'outside', 'door.events[2]'), (1, 'outside', 'door.events[0]')]


def test_another_shape_begins_a_film_and_another_size_does_not(tmp_path, built):
    wide, large = np.full((24, 48, 3), 30, np.uint8), np.full((48, 64, 3), 60, np.uint8)
    bag = write(tmp_path / 'bag', [
        (0, CAMERA, 10), (1, CAMERA, large), (2, CAMERA, wide), (3, CAMERA, wide)],
        Asked('door', DOOR, events=()))
    records, _, shades = built(bag)
    assert [record['duration'] for record in records] == [2.0, 2.0]
    assert shades(f'{film("bag")}.mp4') == pytest.approx([10, 60], abs=2)


def test_odd_sides_keep_every_pixel(tmp_path, built):
    picture = np.full((25, 33, 3), (200, 30, 90), np.uint8)
    bag = write(tmp_path / 'bag', [(0, CAMERA, picture), (1, CAMERA, picture)],
                Asked('door', DOOR, events=()))
    built(bag)
    frame = next(open_recording(tmp_path / 'films' / f'{film("bag")}.mp4', 1.0).frames).picture()
    assert frame.shape == picture.shape
    assert np.abs(frame.astype(int) - picture).max() <= 4


def test_what_cannot_be_learned_from_is_told(tmp_path, built):
    frames = [(second, CAMERA, 10) for second in range(4)]
    bag = write(
        tmp_path / 'bag', frames, Asked('unknown', DOOR), Asked('late', DOOR, 9.0, events=()),
        Asked('where', DOOR, camera='/nowhere', events=()), Asked('good', DOOR, events=()))
    empty = write(tmp_path / 'empty', frames)
    (tmp_path / 'spoilt').mkdir()
    (tmp_path / 'spoilt' / 'metadata.yaml').write_text('nothing')
    write_annotations(Annotations((Asked('a', DOOR),)), tmp_path / 'spoilt' / 'annotations.yaml')
    records, report, _ = built(bag, empty, tmp_path / 'spoilt', code=1)
    assert len(records) == 1
    assert findings(report) == [
        (0, 'unknown-cameras', 'camera'), (0, 'bad-record', 'events'), (1, 'bad-record', 'asked'),
        (2, 'bad-record', 'camera'), (0, 'bad-record', 'instructions'), (0, 'bad-record', '')]


def test_what_a_run_decided_can_be_learned_from(tmp_path, built):
    bag = write(tmp_path / 'bag', [(index / 2, CAMERA, 10 + 200 * (index >= 8)) for index in
                                   range(16)], Asked('light', 'Tell me when the light goes on.'))
    run = tmp_path / 'run'
    assert main(['evaluate', str(bag), '--out', str(run), '--response-threshold', '0.01']) == 0
    (found,) = json.loads((run / 'report.json').read_text())['bags'][0]['cameras'][0][
        'instructions']
    assert found['answers']
    (record,), _, _ = built(run)
    assert [(text, end) for text, _, end in spans(record)] == [
        (answer['text'], max(1 + int(answer['started']), -int(-answer['stamp'] // 1)))
        for answer in found['answers']]


@pytest.mark.parametrize('given, sentence', [
    (['bag', 'bag'], 'given twice'), (['bare'], 'streamo annotate'),
    (['bag', '--videos', 'mine'], 'did not make')])
def test_what_cannot_be_done_ends_with_a_sentence(
        tmp_path, given, sentence, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('bag', 'bare'):
        write(tmp_path / name, [(0, CAMERA, 10)], Asked('door', DOOR, events=()))
    (tmp_path / 'bare' / 'annotations.yaml').unlink()
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'film.mp4').write_text('mine')
    assert main(['build', 'bag', '--videos', 'films', '--out', 'raw.json', *given]) == 1
    assert sentence in capsys.readouterr().err
