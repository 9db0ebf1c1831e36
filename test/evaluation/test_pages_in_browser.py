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

"""The pages, as a browser shows them."""

import copy
import json

from browser import Browser
from browser import CHROMIUM
import cv2
from made_report import instruction
from made_report import pictures
from made_report import report
import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.evaluation.pages.comparison import write_comparison_page
from streamo_ros.evaluation.pages.report import write_report_page
from streamo_ros.evaluation.pages.samples import Sample
from streamo_ros.evaluation.pages.samples import samples_page
from streamo_ros.sources.stream_file import Turn

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason='no Chromium here: `apt-get install chromium` runs this test')

DUE = list(range(20, 580, 40))
HOSTILE = '</script><img src=x onerror="document.title=\'taken\'"><b id=taken>bold</b>'


@pytest.fixture(scope='module')
def browser():
    with Browser((1300, 900)) as one:
        yield one
        assert one.complaints == []


def opened(browser, file):
    browser.open(file)
    assert browser.run('document.documentElement.dataset.errors') == '0'
    assert browser.run('document.getElementById("failed")') is None
    return browser


@pytest.fixture(scope='module')
def runs():
    light = instruction('light', 600, DUE, [tick + 1 for tick in DUE[:10]])
    motion = instruction(
        'motion', 600, [100, 300], [200], text='Tell me when something moves.', words='It moved.')
    other = copy.deepcopy(light)
    other.states[110] = 2
    return report(light, motion), report(other, copy.deepcopy(motion))


@pytest.fixture(scope='module')
def file(runs, tmp_path_factory):
    file = tmp_path_factory.mktemp('page') / 'report.html'
    write_report_page(runs[0], file, pictures)
    return file


def box(browser, selector):
    return browser.run(f"""(() => {{
        const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();
        return [box.left, box.top, box.width, box.height];
    }})()""")


def ink(browser, tmp_path, selector):
    """Return how many pixels of an element are coloured, neither grey nor of the ground."""
    left, top, width, height = box(browser, selector)
    browser.screenshot(tmp_path / 'shot.png')
    shot = cv2.imread(str(tmp_path / 'shot.png')).astype(int)
    part = shot[round(top):round(top + height), round(left):round(left + width)]
    return int((part.max(2) - part.min(2) > 60).sum())


def to_timelines(browser):
    browser.run('document.querySelector("#timelines").scrollIntoView()')
    browser.run('document.querySelector(".board").focus({preventScroll: true})')
    browser.drawn()


def test_a_report_shows_scores_rows_and_timelines(browser, file, tmp_path):
    opened(browser, file)
    text = browser.run('document.body.innerText')
    for words in ('event F1, within ±3 s', 'always silent', 'Tell me when something moves.',
                  '10 of 14 events', 'latency of a tick', 'window turns'):
        assert words in text
    to_timelines(browser)
    assert browser.run('document.querySelectorAll(".board canvas").length') == 5
    rows = [f'.row:nth-child({place}) canvas' for place in (1, 2, 3, 4, 5)]
    assert all(ink(browser, tmp_path, row) > 50 for row in rows)


def test_a_moment_is_reached_by_keys_and_shows_its_frames_and_words(browser, file):
    opened(browser, file)
    to_timelines(browser)
    browser.press('n')
    card = browser.run('document.querySelector(".card").innerText')
    assert '10.00 s · answered' in card and 'The light went off.' in card
    assert '0.50 s after' in card
    sizes = browser.run(
        '[...document.querySelectorAll(".card img")].map(image => image.naturalWidth)')
    assert sizes == [64, 64, 64], 'the frames of its start, its end and its answer'
    browser.press('p')
    browser.press('p')
    assert 'missed' in browser.run('document.querySelector(".card").innerText')


def test_keys_wheel_and_buttons_zoom_and_move(browser, file, tmp_path):
    opened(browser, file)
    to_timelines(browser)

    def looks():
        browser.screenshot(tmp_path / 'view.png')
        left, top, width, height = box(browser, '.row:nth-child(3) canvas')
        shot = cv2.imread(str(tmp_path / 'view.png'))
        return shot[round(top):round(top + height), round(left):round(left + width)]

    def differ(one, two):
        return np.abs(one.astype(int) - two).max() > 50

    whole = looks()
    browser.press('+')
    closer = looks()
    assert differ(whole, closer)
    browser.press('ArrowRight')
    assert differ(closer, looks())
    browser.press('0')
    assert not differ(whole, looks())
    left, top, width, height = box(browser, '.row:nth-child(3) canvas')
    browser.mouse('mouseWheel', left + 300, top + 20, deltaX=0, deltaY=-200, modifiers=2)
    browser.drawn()
    browser.mouse('mouseMoved', 5, 5)
    browser.drawn()
    assert differ(whole, looks())


def test_pointing_tells_and_clicking_chooses(browser, file):
    opened(browser, file)
    to_timelines(browser)
    left, top, width, height = box(browser, '.row:nth-child(4) canvas')
    x, y = left + width * 200 / 600, top + 58
    browser.mouse('mouseMoved', x, y)
    browser.drawn()
    tip = browser.run('document.getElementById("tip").innerText')
    assert 'false alarm' in tip and 'It moved.' in tip
    browser.click(x, y)
    assert '1:40.00 · false alarm' in browser.run('document.querySelector(".card").innerText')
    assert 'Tell me when something moves.' in browser.run(
        'document.querySelector(".row.chosen").innerText')


def test_a_row_of_the_table_leads_to_its_timeline(browser, file):
    opened(browser, file)
    browser.run("""[...document.querySelectorAll('#scores tr.link')]
        .find(row => row.textContent.includes('moves')).querySelector('button').click()""")
    browser.drawn()
    assert 'moves' in browser.run('document.querySelector(".row.chosen").innerText')
    _, top, _, height = box(browser, '.row.chosen')
    assert 0 <= top <= 900 - height


def test_texts_are_never_taken_for_markup(browser, tmp_path):
    one = instruction('one', 60, [20], [20, 40], text=HOSTILE, words=HOSTILE)
    made = report(one, camera=HOSTILE, name=HOSTILE)
    made.configuration.checkpoint = HOSTILE
    made.bags[0].error = HOSTILE
    for name, write in (
            ('report', lambda file: write_report_page(made, file, pictures)),
            ('both', lambda file: write_comparison_page(
                made, copy.deepcopy(made), file, pictures))):
        write(tmp_path / f'{name}.html')
        opened(browser, tmp_path / f'{name}.html')
        to_timelines(browser)
        browser.press('n')
        assert browser.run('document.title') != 'taken'
        assert browser.run('document.querySelectorAll("#taken, img:not([src^=data])").length') == 0
        assert HOSTILE in browser.run('document.querySelector(".board").textContent')
        assert HOSTILE in browser.run('document.querySelector(".card").textContent')


def test_should_markup_get_in_its_script_does_not_run(browser, file):
    opened(browser, file)
    before = len(browser.complaints)
    browser.run("""(() => {
        const element = document.createElement('div');
        element.innerHTML = '<img src="data:," onerror="window.taken = 1">';
        document.body.append(element);
    })()""")
    browser.drawn()
    assert browser.run('window.taken === undefined')
    # The browser says that it refused: the only complaint that is wanted.
    assert all('Content Security Policy' in one for one in browser.complaints[before:])
    assert browser.complaints[before:]
    del browser.complaints[before:]


def test_two_runs_stand_side_by_side_with_what_they_disagree_on(browser, runs, tmp_path):
    write_comparison_page(*runs, tmp_path / 'both.html', pictures)
    opened(browser, tmp_path / 'both.html')
    text = browser.run('document.body.innerText')
    assert '1 of 1,200 decisions differ' in text
    assert 'B − A' in text
    browser.run('document.querySelector("#disagreements tr.link button").click()')
    browser.drawn()
    card = browser.run('document.querySelector(".card").innerText')
    assert 'A: silence' in card and 'B: response' in card
    assert browser.run('document.querySelector(".card img").naturalWidth') == 64


def test_an_empty_report_is_a_page_too(browser, runs, tmp_path):
    empty = copy.deepcopy(runs[0])
    empty.bags[0].cameras, empty.groups = [], []
    empty.bags[0].error = 'room.mcap breaks off: recover it'
    write_report_page(empty, tmp_path / 'empty.html', pictures)
    opened(browser, tmp_path / 'empty.html')
    assert 'room was not evaluated: room.mcap breaks off' in browser.run(
        'document.body.innerText')


def test_all_is_drawn_on_a_dark_ground_too(browser, file, tmp_path):
    browser.ask('Emulation.setEmulatedMedia',
                features=[{'name': 'prefers-color-scheme', 'value': 'dark'}])
    try:
        opened(browser, file)
        to_timelines(browser)
        browser.screenshot(tmp_path / 'dark.png')
        assert cv2.imread(str(tmp_path / 'dark.png')).mean() < 70
        assert ink(browser, tmp_path, '.row:nth-child(3) canvas') > 50
    finally:
        browser.ask('Emulation.setEmulatedMedia', features=[])


def test_a_thousand_events_on_one_timeline_are_drawn_and_reached(browser, tmp_path):
    due = list(range(10, 20_010, 20))
    many = report(instruction('many', 20_020, due, due[:-1]))
    write_report_page(many, tmp_path / 'many.html', pictures)
    opened(browser, tmp_path / 'many.html')
    to_timelines(browser)
    assert browser.run('document.querySelectorAll("#timelines tbody tr").length') == 1000
    assert ink(browser, tmp_path, '.row:nth-child(3) canvas') > 5000
    browser.press('p')
    assert '2:46:35.00 · missed' in browser.run('document.querySelector(".card").innerText')
    for _ in range(12):
        browser.press('+')
    assert 50 < ink(browser, tmp_path, '.row:nth-child(3) canvas') < 5000
    browser.press('n')  # behind the last is the first, and the view goes there
    left, top, width, _ = box(browser, '.row:nth-child(3) canvas')
    browser.mouse('mouseMoved', left + width / 2, top + 5)
    browser.drawn()
    assert not browser.run('document.getElementById("tip").innerText').startswith('2:')


def test_samples_of_a_mix_are_timelines(browser, tmp_path):
    turns = [Turn(question=HOSTILE), Turn(State.STANDBY), Turn(State.RESPONSE, 'Gone.'), Turn()]
    file = tmp_path / 'mix.html'
    file.write_text(samples_page('Mix', [], [], [
        Sample(tmp_path / 'a.mp4', 'grounding, coin', turns, [(2, 2, 'Gone.')])]), 'utf-8')
    opened(browser, file)
    to_timelines(browser)
    assert ink(browser, tmp_path, '.board') > 100
    assert 'Gone.' in browser.run('document.body.innerText')
    assert browser.run('document.title') != 'taken'
