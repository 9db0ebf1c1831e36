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

"""A file keeps what others wrote, and what is marked on a frame holds on that frame."""

from dataclasses import replace
import json

import pytest
from tiny_bags import CAMERA
from tiny_bags import grey
from tiny_bags import TinyBag

from streamo_ros.annotate.bag_film import BagFilm
from streamo_ros.annotate.document import Document
from streamo_ros.dialogue import AnswerFormat
from streamo_ros.output import OutputError
from streamo_ros.sources.bag_annotation import AnnotationError
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import read_annotations
from streamo_ros.sources.bag_annotation import write_annotations

LATE = '/late/image_raw'
DOOR = {'id': 'door', 'text': 'Tell me when the door opens.', 'asked': 0, 'camera': '',
        'task': 'event_caption', 'skill': ''}


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp('film') / 'bag'
    with TinyBag(path) as bag:
        for index in range(8):
            bag.image(index / 3, grey(index))
            bag.image(index / 3 + 0.0123456789, grey(index), LATE)
    film = BagFilm(path)
    yield film
    film.close()


def said(document, film, **changes):
    return [{**one, **changes} for one in document.to_page(film)]


def test_what_is_marked_is_read_back_and_again_as_it_was(tmp_path, film):
    document = Document(tmp_path / 'new.yaml', 'bag')
    assert document.to_page(film) == []
    document.save([{**DOOR, 'events': [
        {'start': 1.5, 'end': 2.0, 'answer': 'Open.'}, {'start': 0.25, 'end': 0.25, 'answer': ''},
    ]}, {**DOOR, 'id': 'other', 'choices': ['ajar', 'wide open']}], film)
    assert read_annotations(tmp_path / 'new.yaml') == Annotations((
        Asked('door', DOOR['text'], task='event_caption', events=(
            Expected(0.25, 0.25), Expected(1.5, 2.0, 'Open.'))),
        Asked('other', DOOR['text'], task='event_caption',
              answer=AnswerFormat(('ajar', 'wide open')))))
    content = (tmp_path / 'new.yaml').read_bytes()
    again = Document(tmp_path / 'new.yaml', 'bag')
    again.save([{name: value for name, value in one.items() if value is not None}
                for one in again.to_page(film)], film)
    assert (tmp_path / 'new.yaml').read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ['new.yaml']


@pytest.mark.parametrize('camera', ['', CAMERA, LATE])
@pytest.mark.parametrize('absolute', [False, True])
def test_a_mark_is_not_later_than_its_frame_and_stays_where_it_is(
        tmp_path, film, camera, absolute):
    file = tmp_path / 'asked.json'
    write_annotations(Annotations((Asked('door', 'Tell me.', camera=camera),), absolute), file)
    document = Document(file, 'bag')
    shown = camera or CAMERA
    zero = 0 if absolute else film.first_stamp({camera})
    for index in range(8):
        stamp = film.frame(shown, film.shots[shown].first + index * 333_333_334, 0).stamp
        mark = document.mark(stamp, film)
        document.save(said(document, film, events=[
            {'start': mark, 'end': mark, 'answer': ''}]), film)
        (event,) = read_annotations(file).instructions[0].events
        late = (stamp - zero) * 1e-9 - event.start
        assert -1e-9 <= late < 0.00101 + (1e-6 if absolute else 0)
        before = event
        document.save(said(document, film), film)
        (event,) = read_annotations(file).instructions[0].events
        assert event == before


def test_other_bags_stay_and_share_no_ids(tmp_path, film):
    file = tmp_path / 'asked.yaml'
    other = Asked('lamp', 'Tell me when it is dark.', 3.25, bag='tuesday', events=())
    mine = Asked('door', 'Tell me.', bag='bag')
    write_annotations(Annotations((other, mine)), file)
    document = Document(file, 'bag')
    assert [one['id'] for one in document.to_page(film)] == ['door']
    document.save(said(document, film, text='Say so.', events=[]), film)
    assert read_annotations(file).instructions == (
        other, replace(mine, text='Say so.', events=()))
    with pytest.raises(AnnotationError, match="'lamp' already, of another bag"):
        document.save([{**DOOR, 'id': 'lamp'}], film)


def test_comments_are_kept_in_a_copy(tmp_path, film):
    file = tmp_path / 'asked.yaml'
    written = '# by hand\ninstructions:\n- text: Tell me.   # what else\n'
    file.write_text(written)
    document = Document(file, 'bag')
    document.save(said(document, film, events=[]), film)
    document.save(said(document, film, text='Say so.'), film)
    assert read_annotations(file).instructions[0].text == 'Say so.'
    assert (tmp_path / 'asked.yaml.orig').read_text() == written
    assert len(list(tmp_path.iterdir())) == 2


def test_what_another_program_wrote_meanwhile_is_not_replaced(tmp_path, film):
    file = tmp_path / 'asked.json'
    document = Document(file, 'bag')
    document.save([DOOR], film)
    others = file.read_text().replace('door', 'gate')
    file.write_text(others)
    with pytest.raises(OutputError, match='was changed by something else'):
        document.save([{**DOOR, 'text': 'Say so.'}], film)
    assert file.read_text() == others


@pytest.mark.parametrize('said, sentence', [
    (None, 'no list named instructions'), ([{**DOOR, 'text': ' '}], 'has no text'),
    ([{**DOOR, 'events': [{'start': 2, 'end': 1}]}], 'before it starts'),
    ([DOOR, DOOR], 'given twice'), ([{**DOOR, 'more': 1}], 'has more')])
def test_what_makes_no_sense_is_refused_and_the_file_stays(tmp_path, film, said, sentence):
    document = Document(tmp_path / 'asked.json', 'bag')
    document.save([DOOR], film)
    content = (tmp_path / 'asked.json').read_text()
    with pytest.raises(AnnotationError, match=sentence):
        document.save(said, film)
    assert (tmp_path / 'asked.json').read_text() == content


def test_a_file_that_is_none_is_refused_before_anything_is_marked(tmp_path):
    (tmp_path / 'asked.yaml').write_text(json.dumps({'mine': 1}))
    with pytest.raises(AnnotationError, match='no list named instructions'):
        Document(tmp_path / 'asked.yaml', 'bag')
    with pytest.raises(OutputError, match='is no folder'):
        Document(tmp_path / 'nowhere' / 'asked.yaml', 'bag')
