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

"""The event log on the page, in Chromium over DDS: a node in this process has a known one."""

import array
from datetime import datetime
import json
import threading
import time

from browser import Browser
from browser import CHROMIUM
from console_page import HOSTILE
from console_page import Operator
from console_page import start_console
import cv2
from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
from graph import Graph
import numpy as np
import pytest
from rclpy.action import ActionServer
from sensor_msgs.msg import CompressedImage
from waiting import wait_for

from streamo_ros.action import Ask
from streamo_ros.msg import EventRecord
from streamo_ros.sources.bag_annotation import read_annotations
from streamo_ros.srv import GetEvent
from streamo_ros.srv import ListEvents

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason='no Chromium here: `apt-get install chromium` runs this test')

MANY = 10_000
NOON = datetime.now().replace(hour=12, minute=0, second=0, microsecond=0).timestamp()
NODE = '/logged'


def record(id, end, text, instruction='Tell me when the door opens.', state=2, pictures=2):
    event = EventRecord(
        id=id, state=state, camera='front', instruction_id='door', instruction=instruction,
        text=text, complete=True, probability=0.9, pictures=pictures)
    event.event_end.sec, event.event_end.nanosec = int(end), 0
    event.event_start.sec = int(end) - 2
    return event


class LoggedNode:
    """A node that says how it is once a second, and has an event log."""

    def __init__(self, graph):
        # The latest first: the last hour before noon, and three that can be told apart.
        self.events = [
            record(MANY, NOON + 60, 'The cat came in.', 'Tell me about the cat.'),
            record(MANY - 1, NOON + 30, HOSTILE, HOSTILE),
            record(MANY - 2, NOON, '', 'Tell me about the cat.', state=1),
            *(record(id, NOON - 3600 * (MANY - id) / MANY, f'The door opened, {id}.')
              for id in range(MANY - 3, 0, -1))]
        self.asked = []
        self.searched = threading.Event()
        self.answers = threading.Event()
        self.answers.set()
        node = graph.node
        node.create_service(ListEvents, f'{NODE}/list_events', self._list)
        node.create_service(GetEvent, f'{NODE}/get_event', self._get)
        self._action = ActionServer(node, Ask, f'{NODE}/ask', self._ask)
        self.told = node.create_publisher(EventRecord, f'{NODE}/event', 10)
        publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        message = DiagnosticArray(status=[DiagnosticStatus(
            name=f'{NODE}: stream front', message='frames arrive',
            values=[KeyValue(key='topic', value='/front/image')])])
        self._ended = threading.Event()

        def say():
            while not self._ended.wait(0.5):
                publisher.publish(message)
        self._thread = threading.Thread(target=say)
        self._thread.start()

    def close(self):
        self._ended.set()
        self._thread.join()
        self._action.destroy()

    def _list(self, request, response):
        self.searched.set()
        self.answers.wait()
        since, until = request.since.sec, request.until.sec
        found = [event for event in self.events if since <= event.event_end.sec <= until
                 and request.words in event.text + event.instruction]
        first = request.page * request.limit
        response.events = found[first:first + request.limit]
        response.total = len(found)
        return response

    def _get(self, request, response):
        for event in self.events:
            if event.id == request.id:
                response.event = event
                picture = np.full((24, 32, 3), 128, np.uint8)
                data = array.array('B', cv2.imencode('.jpg', picture)[1].tobytes())
                response.pictures = [CompressedImage(format='jpeg', data=data)] * 2
                return response
        response.error_msg = 'it has grown too old'
        return response

    def _ask(self, goal):
        self.asked.append(goal.request)
        goal.succeed()
        return Ask.Result(kind=Ask.Result.LAST, answer='The cat came in at 12:01.',
                          event_ids=[MANY, 0])


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    with Graph(tmp_path_factory.mktemp('log')) as made:
        yield made


@pytest.fixture(scope='module')
def node(graph):
    made = LoggedNode(graph)
    yield made
    made.close()


@pytest.fixture(scope='module')
def operator(graph, node):
    _, site = start_console(graph, nodes=f'[{NODE}]')
    with Browser((1400, 1400), site) as browser:
        one = Operator(graph, browser)
        one.open(site)
        one.reads('#found', f'{MANY:,} events')
        yield one
        assert browser.complaints == []


def search(operator, words):
    operator.run(f"""(() => {{
        const form = document.getElementById('search');
        form.words.value = {json.dumps(words)};
        form.requestSubmit();
    }})()""")


def test_the_log_is_searched_and_shown_with_pictures(operator):
    search(operator, 'cat')
    operator.reads('#found', '2 events')
    operator.reads('#events .answer:nth-child(1) .says', 'The cat came in.')
    operator.reads('#events .answer:nth-child(2) .says', 'Something began, and came to nothing.')
    operator.sees('[...document.querySelectorAll("#events img")].filter('
                  'image => image.naturalWidth === 32).length === 4', 'thumbnails')
    search(operator, '')
    operator.reads('#found', f'{MANY:,} events')
    operator.run('document.getElementById("more").click()')
    operator.sees('document.querySelectorAll("#events li").length === 60', 'another page')


def test_what_is_logged_now_is_added(operator, node):
    search(operator, '')
    operator.reads('#events', 'The cat came in.')
    wait_for(node.told.get_subscription_count, 'a reader of events')
    node.told.publish(record(MANY + 1, time.time(), 'This is new.', pictures=0))
    operator.reads('#events', 'This is new.')


def test_what_is_logged_during_a_search_is_shown_beside_what_it_finds(operator, node):
    wait_for(node.told.get_subscription_count, 'a reader of events')
    node.searched.clear()
    node.answers.clear()
    try:
        operator.run('document.getElementById("search").requestSubmit()')
        wait_for(node.searched.is_set, 'the search')
        node.told.publish(record(
            MANY + 2, time.time(), 'This came meanwhile.', pictures=0))
        operator.reads('#events', 'This came meanwhile.')
    finally:
        node.answers.set()
    operator.reads('#found', 'events, the latest first')
    shown = operator.text('#events')
    assert 'This came meanwhile.' in shown and 'The cat came in.' in shown


def test_a_question_is_answered_with_the_events_it_rests_on(operator, node):
    operator.run("""(() => {
        const form = document.getElementById('ask');
        form.question.value = 'When did the cat last come in?';
        form.requestSubmit();
    })()""")
    operator.reads('#asked .says', 'The cat came in at 12:01.')
    operator.reads('#asked .answer .about', 'Tell me about the cat.')
    assert node.asked[-1].question == 'When did the cat last come in?'
    assert node.asked[-1].timezone


def test_ten_thousand_events_are_on_the_timeline_and_reached_by_keys(operator):
    search(operator, '')
    operator.sees(f'document.getElementById("day").dataset.events >= {MANY}', 'all events')
    shot = operator.sees("""(() => {
        const canvas = document.querySelector('#day canvas');
        const {width, height} = canvas;
        const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
        let inked = 0;
        for (let place = 3; place < data.length; place += 4) inked += data[place] > 0;
        return inked;
    })()""", 'the timeline')
    assert shot > 500
    operator.run('document.getElementById("day").focus()')
    operator.browser.press('End')
    assert 'cat came in.' in operator.text('#tip') or 'This is new.' in operator.text('#tip')
    operator.browser.press('Enter')
    operator.browser.press('Home')
    assert 'The door opened, 1.' in operator.text('#tip')
    for _ in range(8):
        operator.browser.press('+')
    operator.browser.press('ArrowRight')
    assert 'The door opened, 2.' in operator.text('#tip')
    operator.browser.press('0')
    operator.browser.press('Escape')
    assert operator.run('document.getElementById("tip").hidden')


def test_marked_events_are_exported_as_annotations_that_evaluate_reads(operator, tmp_path):
    search(operator, 'cat')
    operator.reads('#found', '2 events')
    operator.run('document.querySelectorAll("#events input").forEach(box => box.click())')
    operator.reads('#export', 'Export 2 marked')
    operator.browser.ask(
        'Browser.setDownloadBehavior', behavior='allow', downloadPath=str(tmp_path))
    operator.run('document.getElementById("export").click()')
    file = tmp_path / 'annotations.json'
    operator.graph.wait(lambda: file.exists() and file.read_text().endswith('}\n'), 'the file')
    read = read_annotations(file)
    assert read.absolute
    (asked,) = read.instructions
    assert (asked.text, asked.camera) == ('Tell me about the cat.', '/front/image')
    assert [(event.start, event.end, event.answer) for event in asked.events] == [
        (NOON - 2, NOON, ''), (NOON + 58, NOON + 60, 'The cat came in.')]
    operator.run('document.querySelectorAll("#events input").forEach(box => box.click())')
    operator.sees('document.getElementById("export").disabled', 'nothing to export')


def test_texts_of_the_log_are_never_taken_for_markup(operator):
    search(operator, 'taken')
    operator.reads('#found', '1 event,')
    operator.reads('#events .says', HOSTILE)
    assert operator.run('document.title') == 'streamo console'
    assert operator.run('document.getElementById("taken")') is None


def test_pictures_that_are_not_there_are_said(operator):
    for path in ('event?node=/logged&id=99999999&picture=0', 'event?node=/logged&id=1&picture=7',
                 'event?node=/other&id=1&picture=0', 'event?node=/logged&id=-1&picture=0'):
        assert operator.run(f'fetch("/{path}").then(answer => answer.status)') == 404
    operator.browser.complaints.clear()  # the browser says that they were not there
