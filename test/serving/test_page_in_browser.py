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

"""The page of who watches what, in a browser over a real server."""

from pathlib import Path

from browser import Browser
from browser import CHROMIUM
import numpy as np
import pytest
from server_process import SECRETS
from waiting import wait_for

from streamo_ros.engine.remote.client import RemoteEngine
from streamo_ros.engine.remote.protocol import StreamOptions

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason='no Chromium here: `apt-get install chromium` runs this test')

AXE = Path(__file__).parents[2] / 'build' / 'npm' / 'node_modules' / 'axe-core' / 'axe.min.js'
HTML = 'Tell me when <img src=x onerror=alert(1)> comes in.'
FRAME = np.zeros((120, 160, 3), np.uint8)
LOG_IN = """
    document.querySelector('#token').value = '{}';
    document.querySelector('#token-form').requestSubmit(); 0"""


def text(browser, selector):
    return browser.run(f"document.querySelector('{selector}').innerText")


@pytest.fixture
def stream(server):
    with RemoteEngine(server.server(), 'front', StreamOptions(), deadline_s=60.0) as one:
        one.watch(HTML)
        one.step(FRAME, 1.0)
        yield one


def log_in(browser):
    wait_for(lambda: text(browser, '#state') == 'Who are you?', 'the question who it is')
    browser.run(LOG_IN.format('wrong'))
    wait_for(lambda: 'not the secret' in text(browser, '#state'), 'the refusal')
    browser.run(LOG_IN.format(SECRETS['operator']))
    wait_for(lambda: 'nano is served' in text(browser, '#state'), 'the table')


@pytest.mark.parametrize('size', [(1400, 900), (390, 844)])
def test_the_operator_sees_who_watches_what_and_nobody_else_does(server, stream, size):
    address = server.url.replace('ws:', 'http:')
    with Browser(size, address) as browser:
        browser.open(address)
        log_in(browser)
        row = wait_for(lambda: text(browser, '#streams'), 'the stream')
        assert row.split()[:2] == ['picker', 'front']
        assert HTML in row      # as text: what a robot asks for is no part of the page
        assert browser.run("document.querySelectorAll('main img').length") == 0
        stream.step(FRAME, 2.0)
        wait_for(lambda: '\t2\t' in text(browser, '#streams'), 'the second tick')
        stream.close()
        wait_for(lambda: not text(browser, '#streams'), 'its end')
        assert browser.run('document.documentElement.scrollWidth <= innerWidth')


@pytest.mark.skipif(not AXE.is_file(), reason='`npm install --prefix build/npm axe-core`')
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_axe_finds_nothing_to_complain_of(server, stream, scheme):
    address = server.url.replace('ws:', 'http:')
    with Browser((1400, 900), address) as browser:
        browser.open(address)
        browser.ask('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': scheme}])
        log_in(browser)
        wait_for(lambda: text(browser, '#streams'), 'the stream')
        browser.run(AXE.read_text() + '; 0')
        found = browser.run('axe.run().then(result => result.violations.map('
                            'one => `${one.id}: ${one.nodes[0].html}`))')
        assert found == []
