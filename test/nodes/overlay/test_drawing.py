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

"""What is drawn can be seen, stays within the picture, and leaves the rest of it alone."""

from itertools import groupby

import numpy as np
from PIL import ImageFont
import pytest

from streamo_ros.dialogue import State
from streamo_ros.nodes.overlay import drawing as overlay
from streamo_ros.nodes.overlay.drawing import BAND_SHARE
from streamo_ros.nodes.overlay.drawing import COLOURS
from streamo_ros.nodes.overlay.drawing import draw
from streamo_ros.nodes.overlay.drawing import Row
from streamo_ros.nodes.overlay.drawing import TEXT
from streamo_ros.nodes.overlay.drawing import TROUBLE
from streamo_ros.nodes.overlay.drawing import wrap

SIZES = [(120, 160), (480, 640), (1080, 1920), (640, 360)]
DOOR = 'Tell me when the door opens.'
LONG = 'Say who comes in, what they carry, and where they put it down. ' * 20
NAMES = {colour: state for state, colour in COLOURS.items()}


def black(size):
    return np.zeros((*size, 3), np.uint8)


def noise(size):
    return np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)


def bars(picture):
    """Return the states whose colours the left edge has, from the top down."""
    colours = (NAMES.get(tuple(map(int, pixel)), 'other') for pixel in picture[:, 0])
    return [state for state, _ in groupby(colours) if state != 'other']


def has(picture, colour):
    return bool((picture == colour).all(axis=-1).any())


def top_of_band(before, after):
    return int(np.flatnonzero((before != after).any(axis=(1, 2)))[0])


@pytest.mark.parametrize('size', SIZES)
def test_each_row_has_a_bar_in_its_states_colour_in_their_order(size):
    # No more than there is room for at 160x120
    for states in ([State.RESPONSE], [State.SILENCE, State.STANDBY], [None, State.RESPONSE]):
        drawn = draw(black(size), [Row(DOOR, state) for state in states])
        assert bars(drawn) == states


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('rows', [1, 2, 9])
def test_the_picture_above_the_band_is_untouched_and_the_band_is_dark(size, rows):
    before = noise(size)
    kept = before.copy()
    after = draw(before, [Row(LONG, State.SILENCE, 0.1, 0.05, LONG, 1.0, LONG)] * rows)
    assert (before == kept).all()
    top = top_of_band(before, after)
    assert top >= (1 - BAND_SHARE) * size[0]
    assert (after[:top] == before[:top]).all()
    assert after[top:].mean() < before[top:].mean() / 2


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('text', [LONG, 'Donaudampfschiff' * 30, DOOR])
def test_texts_are_in_the_picture_with_a_margin(size, text):
    drawn = draw(black(size), [Row(text, State.STANDBY, 0.1, 0.05, text, 1.0, text)])
    assert has(drawn, TEXT) and has(drawn, TROUBLE)
    assert not drawn[:, -2:].any(), 'ink at the right edge'
    assert not drawn[-2:, size[1] // 20:].any(), 'ink at the bottom edge'


@pytest.mark.parametrize('text', [
    'Öffne die Tür, größer als 5 °C…', 'скажи, когда дверь откроется', '门打开时告诉我',
    'أخبرني عندما يفتح الباب', 'Watch \U0001F6AA\U0001F440', 'half a pair \ud83d',
    'nul \0 \x1b[31m', 'two\nlines\tof it', '\u202eright to left', '', ' ', '\u200b'])
@pytest.mark.parametrize('font', ['as installed', "Pillow's own"])
def test_no_text_is_too_strange_to_draw(text, font, monkeypatch):
    if font != 'as installed':
        monkeypatch.setattr(overlay, 'FONTS', ())
    overlay._font.cache_clear()
    drawn = draw(black((480, 640)), [Row(text, State.RESPONSE, answer=text, trouble=text)])
    overlay._font.cache_clear()
    assert bars(drawn) == [State.RESPONSE]
    assert not drawn[:, -2:].any()


@pytest.mark.parametrize('size', SIZES[:2])
@pytest.mark.parametrize('age', [0.0, 59.0, 59 * 60.0, 23 * 3600.0, 99 * 86_400.0])
@pytest.mark.parametrize('state', COLOURS)
def test_state_and_age_do_not_run_into_the_instruction(size, age, state):
    alone = draw(black(size), [Row('', state, age, 59.999)])
    beside = draw(black(size), [Row('MMM', state, age, 59.999)])
    added = np.flatnonzero((beside != alone).any(axis=(0, 2)))
    assert added[0] > np.flatnonzero(alone.any(axis=(0, 2)))[-1] + 1


@pytest.mark.parametrize('invisible', ['\u202e', '\x1b', '\n', '\ud83d'])
def test_what_has_no_shape_of_its_own_cannot_bend_a_text(invisible):
    def shown(text):
        return draw(black((480, 640)), [Row(text, State.SILENCE)])
    assert (shown(f'open{invisible}the door') == shown('open the door')).all()


def test_more_rows_than_there_is_room_for_are_counted_in_a_last_line():
    rows = [Row(LONG, State.SILENCE, answer=LONG)] * 3
    assert bars(draw(black((120, 160)), rows[:2])) == [State.SILENCE] * 2
    assert bars(draw(black((120, 160)), rows)) == [State.SILENCE, None]


def test_where_room_is_short_every_row_keeps_its_trouble():
    rows = [Row(LONG, State.SILENCE, answer=LONG, trouble=LONG)] * 5
    drawn = draw(black((480, 640)), rows)
    assert bars(drawn) == [State.SILENCE] * 5
    runs = [red for red, _ in groupby((drawn == TROUBLE).all(axis=-1).any(axis=1)) if red]
    assert len(runs) >= 5


def test_a_stale_decision_fades_and_says_its_age():
    def shown(age):
        return draw(black((480, 640)), [Row(DOOR, State.RESPONSE, age, 0.05)])
    assert has(shown(1.0), COLOURS[State.RESPONSE])
    assert not has(shown(12.0), COLOURS[State.RESPONSE])
    assert (shown(0.5) == shown(1.0)).all()
    assert (shown(12.0) != shown(13.0)).any()
    assert (shown(12.0) != shown(12.0 * 60)).any()


def test_latency_and_answer_are_shown():
    def shown(**fields):
        return draw(black((480, 640)), [Row(DOOR, State.SILENCE, **fields)])
    assert (shown(latency_s=0.05) != shown(latency_s=0.06)).any()
    assert (shown(latency_s=0.05) != shown()).any()
    assert has(shown(answer='It is open.'), COLOURS[State.RESPONSE])
    assert not has(shown(), COLOURS[State.RESPONSE])
    assert (shown(answer='Open.', answer_age_s=5.0)
            != shown(answer='Open.', answer_age_s=6.0)).any()


@pytest.mark.parametrize('size', [(1, 1), (8, 8), (70, 640), (480, 60)])
def test_a_picture_without_room_for_a_row_is_returned_as_it_is(size):
    before = noise(size)
    assert (draw(before, [Row(DOOR, State.SILENCE)]) == before).all()


def test_without_rows_the_picture_is_as_it_was():
    before = noise((48, 64))
    assert (draw(before, []) == before).all()


@pytest.mark.parametrize('limit', [1, 2, 50])
@pytest.mark.parametrize('width', [60, 200])
def test_lines_are_no_wider_than_asked_and_keep_the_words_in_order(width, limit):
    font = ImageFont.load_default(16)
    text = 'It is a supercalifragilisticexpialidocious word, and then some more of them.'
    lines = wrap(text, font, width, limit)
    assert len(lines) <= limit
    assert all(font.getlength(line) <= width for line in lines)
    together = ''.join(lines).replace(' ', '')
    if limit == 50:
        assert together == text.replace(' ', '')
    else:
        assert together.endswith('...')
        assert text.replace(' ', '').startswith(together[:-3])
        assert len(lines) == limit
