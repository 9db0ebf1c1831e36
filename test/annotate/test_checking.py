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

"""What annotations say is held against the bag."""

import pytest
from tiny_bags import CAMERA
from tiny_bags import grey
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.annotate.bag_film import BagFilm
from streamo_ros.annotate.checking import check
from streamo_ros.cli.main import main
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import write_annotations


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    path = tmp_path_factory.mktemp('film') / 'bag'
    with TinyBag(path) as bag:
        for index in range(11):
            bag.image(index, grey(index))
    return path


@pytest.fixture(scope='module')
def film(bag):
    film = BagFilm(bag)
    yield film
    film.close()


@pytest.mark.parametrize('absolute', [False, True])
def test_what_fits_has_no_trouble(film, absolute):
    zero = START * 1e-9 if absolute else 0.0
    assert check(Annotations((
        Asked('a', 'Tell me.', zero + 10, CAMERA, events=()),
        Asked('b', 'Tell me.', events=(Expected(zero, zero + 1), Expected(zero + 2, zero + 10))),
    ), absolute), film) == []


@pytest.mark.parametrize('asked, sentence', [
    (Asked('a', '\u200b'), 'has no text'),
    (Asked('a', 'Tell me.', camera='/other'), '/other is no camera with frames here; there are '),
    (Asked('a', 'Tell me.', 10.5, events=()), 'asked at 10.500 s, and the last frame is of 10.0'),
    (Asked('a', 'Tell me.'), 'nobody says what happens'),
    (Asked('a', 'Tell me.', events=(Expected(-1.0, 2),)), 'event 1 begins at -1.000 s, before'),
    (Asked('a', 'Tell me.', events=(Expected(1, 2), Expected(9, 11))), 'event 2 is complete at'),
    (Asked('a', 'Tell me.', events=(Expected(1, 2),) * 2), 'event 2 is there twice')])
def test_what_does_not_fit_is_told(film, asked, sentence):
    assert any(sentence in trouble for trouble in check(Annotations((asked,)), film))


def test_the_command_says_so(bag, tmp_path, capsys):
    file = tmp_path / 'asked.yaml'
    command = ['annotate', str(bag), '--annotations', str(file), '--check']
    write_annotations(Annotations((Asked('a', 'Tell me.', events=(Expected(1, 2),)),)), file)
    assert main(command) == 0
    assert '1 instructions with 1 events fit' in capsys.readouterr().out
    write_annotations(Annotations((Asked('a', 'Tell me.', events=(Expected(1, 22),)),)), file)
    assert main(command) == 1
    assert "'a': event 1 is complete at 22.000 s" in capsys.readouterr().err
    file.write_text('instructions: 3')
    assert main(command) == 1
    assert 'no list named instructions' in capsys.readouterr().err
    assert main(['annotate', str(bag / 'bag.mcap'), '--check']) == 1
    assert 'give one with --annotations' in capsys.readouterr().err
