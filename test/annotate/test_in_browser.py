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

"""The page in Chromium, by keys alone; what was marked is evaluated, built and trained on."""

from contextlib import contextmanager
import json
from pathlib import Path
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

from browser import Browser
from browser import CHROMIUM
import pytest

from streamo_ros.cli.main import main
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import NAMES
from streamo_ros.sources.bag_annotation import read_annotations
from streamo_ros.studies.sample_bag import TOPIC
from streamo_ros.studies.sample_bag import write_sample_bag

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason='no Chromium here: `apt-get install chromium` runs this test')

AXE = Path(__file__).parents[2] / 'build' / 'npm' / 'node_modules' / 'axe-core' / 'axe.min.js'
RUN = 'import sys; from streamo_ros.cli.main import main; sys.exit(main())'
TEXT = 'Tell me when something moves.'
CODES = {'ArrowRight': 39, 'ArrowLeft': 37, 'Enter': 13, 'Escape': 27, 'Delete': 46}


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    """Return a sample bag of twelve seconds, ten frames each; nobody says what is true."""
    path = tmp_path_factory.mktemp('bags') / 'room'
    write_sample_bag(path, seconds=12.0, size=(112, 112))
    (path / NAMES[0]).unlink()
    return path


@contextmanager
def served(bag, file):
    """Run the command; give the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, '-c', RUN, 'annotate', str(bag), '--annotations', str(file)],
        stdout=subprocess.PIPE, text=True)
    try:
        yield re.search(r'http://127.0.0.1:[0-9]+/#token=[^ ]+', process.stdout.readline())[0]
    finally:
        process.terminate()
        assert process.wait() == 0
        assert process.stdout.read() == f'{file}\n'
        process.stdout.close()


class Operator:
    """Who sits before the page, with a keyboard."""

    def __init__(self, browser):
        self.browser = browser

    def sees(self, condition):
        """Wait until a condition, in JavaScript, holds of the page."""
        deadline = time.monotonic() + 60
        while not self.browser.run(condition):
            assert time.monotonic() < deadline, f'never: {condition}'
            time.sleep(0.02)

    def keys(self, *keys):
        for key in keys:
            self.browser.press(key, CODES.get(key, 0))
            self.sees('document.body.dataset.busy === "no"')

    def type(self, text):
        self.browser.ask('Input.insertText', text=text)

    def reads(self, selector, text):
        self.sees(f'(document.querySelector({json.dumps(selector)})?.textContent || "")'
                  f'.includes({json.dumps(text)})')

    def saved(self):
        self.sees('document.getElementById("saved").dataset.level === "ok"')


@contextmanager
def looking(address, size=(1400, 900)):
    with Browser(size, address.partition('#')[0]) as browser:
        operator = Operator(browser)
        browser.open(address)
        operator.sees('document.body.dataset.ready === "yes"')
        operator.sees('document.body.dataset.busy === "no"')
        operator.sees('document.getElementById("frame").naturalWidth === 112')
        yield operator
        assert browser.complaints == []


@pytest.fixture(scope='module')
def marked(bag, tmp_path_factory):
    """Return the file that an operator made by keys."""
    file = tmp_path_factory.mktemp('marked') / 'asked.yaml'
    with served(bag, file) as address, looking(address) as operator:
        operator.keys('b')
        operator.reads('#notices', 'Write an instruction first')
        operator.keys('Escape', 'n')
        operator.type(TEXT)
        operator.keys('Enter')
        operator.reads('#instructions', TEXT)
        operator.reads('#instructions', 'not marked')
        operator.keys(*['ArrowRight'] * 12)
        operator.reads('#clock', '0:01.200')
        operator.keys('b')
        operator.reads('#pending', 'An event begins at 0:01.200')
        operator.keys(*['ArrowRight'] * 9, 'ArrowLeft', 'c')
        operator.reads('#instructions', '1 events')
        operator.sees('document.activeElement.dataset.place === "0"')
        operator.type('Something moved.')
        operator.keys('Enter')
        operator.sees('document.activeElement === document.body')
        operator.saved()
        # Over at once; then moved; then thought better of, and again.
        operator.keys('PageDown', 'c', 'Escape', 'ArrowRight', 'e', 'z', 'y')
        operator.keys('ArrowLeft', 'ArrowLeft', 'ArrowLeft', 's')
        operator.saved()
        assert operator.browser.run('document.querySelectorAll("#list li").length') == 2
    return file


def test_what_is_marked_by_keys_stands_in_the_file(marked):
    (asked,) = read_annotations(marked).instructions
    assert asked == Asked(
        'something-moves', TEXT, task='event_caption', events=(
            Expected(1.2, 2.0, 'Something moved.'),
            Expected(11.6, 11.9, 'Something moved.')))


def test_it_is_checked_evaluated_built_and_trained_on(bag, marked, tmp_path, capsys):
    given = ['--annotations', str(marked)]
    assert main(['annotate', str(bag), *given, '--check']) == 0
    assert main(['evaluate', str(bag), *given, '--out', str(tmp_path / 'run')]) == 0
    (evaluated,) = json.loads((tmp_path / 'run' / 'report.json').read_text())['bags']
    (found,) = evaluated['cameras'][0]['instructions']
    # An event that ends after the last tick is not scored.
    assert [(event['start'], event['end']) for event in found['events']] == [(1.2, 2.0)]
    assert found['true_states'] == [0, 0, 2] + [0] * 9
    capsys.readouterr()
    raw, stream = tmp_path / 'raw.json', tmp_path / 'stream.json'
    films = tmp_path / 'films'
    assert main(['build', 'bag', str(bag), *given, '--videos', str(films), '--out', str(raw)]) == 0
    assert main(['convert', str(raw), str(stream), '--videos', str(films)]) == 0
    (record,) = json.loads(stream.read_text())
    said = [message['content'] for message in record['messages'][2::2]]
    assert said[1:3] == ['</Standby>', '</Response> Something moved.']
    assert record['videos'] == [f'room@{TOPIC.strip("/").replace("/", ".")}.mp4']
    pytest.importorskip('torch', reason='`pip install torch` runs the rest')
    from random_model import new_model
    from random_model import write_checkpoint
    (tmp_path / 'model').mkdir()
    write_checkpoint('qwen2_5_vl', new_model('qwen2_5_vl'), tmp_path / 'model')
    assert main([
        'train', str(tmp_path / 'model'), str(stream), '--videos', str(films), '--out',
        str(tmp_path / 'trained'), '--steps', '3', '--workers', '0']) == 0
    assert main(['watch', str(films / record['videos'][0]), '-i', TEXT, '--checkpoint',
                 str(tmp_path / 'trained')]) == 0


def test_a_page_opened_again_goes_on_and_nothing_may_be_said_of_another(bag, marked, tmp_path):
    file = tmp_path / 'asked.yaml'
    file.write_bytes(marked.read_bytes())
    with served(bag, file) as address, looking(address, (390, 844)) as operator:
        operator.reads('#instructions', '2 events')
        operator.keys('ArrowDown')
        operator.reads('#clock', '0:01.200')
        operator.keys('Delete', 'Delete')
        operator.reads('#instructions', '1 events')
        operator.saved()
        assert len(read_annotations(file).instructions[0].events) == 1
        operator.keys('z')
        operator.reads('#instructions', '2 events')
        operator.saved()
        assert read_annotations(file) == read_annotations(marked)
        assert operator.browser.run(
            'document.documentElement.scrollWidth <= window.innerWidth')
        # What somebody else wrote meanwhile is not lost.
        file.write_text('instructions: []')
        operator.keys('Delete', 'ArrowDown', 'Delete')
        operator.reads('#saved', 'was changed by something else')
        assert file.read_text() == 'instructions: []'
        assert all('annotations' in refused for refused in operator.browser.complaints)
        operator.browser.complaints.clear()


def test_nobody_without_the_token_or_from_another_page_is_heard(bag, tmp_path):
    file = tmp_path / 'asked.yaml'

    def asks(address, path, **headers):
        request = urllib.request.Request(f'{address.partition("#")[0]}{path}', headers=headers)
        try:
            return urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    with served(bag, file) as address:
        assert asks(address, '') == 200
        assert asks(address, 'bag') == asks(address, 'frame?camera=x&at=0') == 401
        assert asks(address, '', Host='robot.example') == 403
        assert asks(address, '', Origin='http://robot.example') == 403
        assert asks(address, '../pyproject.toml') == 404
    assert not file.exists()


@pytest.mark.skipif(not AXE.is_file(), reason='`npm install --prefix build/npm axe-core`')
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_axe_finds_nothing_to_complain_of(bag, marked, scheme):
    with served(bag, marked) as address, looking(address) as operator:
        operator.browser.ask('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': scheme}])
        operator.keys('?', 'ArrowDown', 'b')
        operator.browser.run(AXE.read_text() + '; 0')
        found = operator.browser.run('axe.run().then(result => result.violations.map('
                                     'one => `${one.id}: ${one.nodes[0].html}`))')
        assert found == []
