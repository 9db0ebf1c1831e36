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

"""The console in Chromium, over a real node and real DDS: seen, told, restarted."""

from contextlib import contextmanager
import json
from pathlib import Path
import re
import signal
import sys

from browser import Browser
from browser import CHROMIUM
from console_page import HOSTILE
from console_page import Operator
from console_page import start_console
import cv2
from graph import Graph
import pytest
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile

from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredInstruction
from streamo_ros.msg import StructuredResponse

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason='no Chromium here: `apt-get install chromium` runs this test')

AXE = Path(__file__).parents[3] / 'build' / 'npm' / 'node_modules' / 'axe-core' / 'axe.min.js'
DOOR = 'Tell me when the door opens.'


def start_node(graph, *options):
    return graph.run(
        sys.executable, '-m', 'streamo_ros.mock.node', '--ros-args', '-p', 'fps:=5.0', *options)


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    with Graph(tmp_path_factory.mktemp('console')) as made:
        yield made


@pytest.fixture(scope='module')
def node(graph):
    return start_node(graph)


@pytest.fixture(scope='module')
def console(graph, node):
    return start_console(graph, node='streamo_console')


@pytest.fixture(scope='module')
def camera(graph, node):
    # Pictures of one piece each: see streamo_ros/nodes/process/hang.py.
    with graph.camera(size=(120, 160)).running(10) as camera:
        yield camera


@pytest.fixture(scope='module')
def site(console):
    return console[1]


@contextmanager
def looking(graph, site, size=(1400, 1000)):
    with Browser(size, site) as browser:
        operator = Operator(graph, browser)
        operator.open(site)
        # Until the console has heard of the node, nothing can be sent to it.
        operator.sees('!["connecting …", "gone"].includes('
                      'document.getElementById("link").textContent)', 'the node')
        yield operator
        assert browser.complaints == []


@pytest.fixture(scope='module')
def operator(graph, site, camera):
    with looking(graph, site) as one:
        yield one


def readers(graph):
    return {info.node_name for info in graph.node.get_subscriptions_info_by_topic('/image')}


def test_an_operator_instructs_sees_states_and_answers_and_withdraws(operator):
    operator.instruct(DOOR)
    operator.reads('.lane .what', DOOR)
    for state in ('Silence', 'Standby', 'Response'):
        operator.reads('.lane .chip', state)
    operator.reads('#answers .answer .says', 'It happened at')
    operator.reads('#spoken', f'Answer to “{DOOR}”')
    # Its frame is shown beside it.
    operator.sees('(document.querySelector(".answer img")?.naturalWidth || 0) > 0', 'a frame')
    operator.run('document.querySelector(".lane:not(.gone) button").click()')
    operator.reads('.lane.gone .chip', 'withdrawn')


def test_an_instruction_for_once_ends_with_its_answer(operator):
    operator.instruct('Tell me once.', once=True)
    operator.sees(
        '[...document.querySelectorAll(".lane.gone")].some('
        'lane => lane.textContent.includes("Tell me once."))', 'its end')


def test_the_camera_is_looked_at_while_its_picture_is_on_the_screen_and_only_then(
        graph, operator):
    canvas = 'document.querySelector(".screen canvas")'
    first = operator.sees(f'{canvas}.dataset.stamp', 'a picture')
    operator.sees(f'{canvas}.dataset.stamp !== "{first}"', 'another picture')
    graph.wait(lambda: 'streamo_console' in readers(graph), 'the console among the readers')
    operator.run('document.querySelector("figcaption button").click()')
    graph.wait(lambda: 'streamo_console' not in readers(graph), 'the end of the reader')
    operator.run('document.querySelector("figcaption button").click()')
    graph.wait(lambda: 'streamo_console' in readers(graph), 'the console among the readers')


def test_two_browsers_see_the_same(graph, site, operator):
    operator.instruct('Tell both of us.')
    with looking(graph, site) as other:
        other.reads('.lane:first-child .what', 'Tell both of us.')
        other.sees('document.querySelectorAll(".answer").length > 0', 'answers of before')
        other.withdraw_all()
    operator.sees('document.getElementById("clear").disabled', 'that all were withdrawn')


def test_an_answer_has_the_data_that_an_operator_asked_for_and_another_browser_sees_it_too(
        graph, site, operator):
    operator.instruct('Tell me how it stands.', choices='wide "open", shut')
    operator.sees('document.querySelector("#instruct [name=choices]").value === ""',
                  'an empty field')
    first = "document.querySelector('#answers .answer .data code')?.textContent"
    with looking(graph, site) as other:
        for one in (operator, other):
            one.sees(f'{first} === {json.dumps(json.dumps("wide " + chr(34) + "open" + chr(34)))}',
                     'the data')
        other.reads('#spoken', r'wide \"open\"')
        other.run('document.querySelector(".lane:not(.gone) .strip").focus()')
        other.sees("""(() => {
            document.querySelector('.lane:not(.gone) .strip').dispatchEvent(
                new KeyboardEvent('keydown', {key: 'ArrowLeft'}));
            return document.getElementById('tip').textContent.includes('wide \\\\"open');
        })()""", 'the data of a moment of the lane')
        other.withdraw_all()


def test_choices_with_commas_stand_one_a_line(graph, operator):
    asked = []
    reader = graph.node.create_subscription(
        StructuredInstruction, '/streamo/structured_instruction', asked.append, 10)
    graph.wait(lambda: graph.node.count_publishers('/streamo/structured_instruction'),
               'the console')
    schema = '{"type": "object", "properties": {"n": {"type": "integer"}}}'
    while not asked:    # the console sees the reader somewhat later
        operator.instruct('Tell me which.', choices='left, then right\n\n none \n')
    assert list(asked[-1].choices) == ['left, then right', 'none']
    operator.instruct('Tell me how many.', schema=f'\n{schema}\n')
    graph.wait(lambda: asked[-1].json_schema == schema, 'the schema')
    assert asked[-1].instruction.text == 'Tell me how many.' and list(asked[-1].choices) == []
    graph.node.destroy_subscription(reader)
    operator.withdraw_all()


@pytest.mark.parametrize('choices, schema, wrong', [
    ('open, open', '', 'There are 2 choices: give at most 64, each once.'),
    (', '.join(map(str, range(65))), '', 'There are 65 choices: give at most 64'),
    ('x' * 201, '', 'longer than 200 characters: choose another.'),
    ('', '{"type": "object"', 'The JSON schema is no JSON'),
    ('', '{"properties": {}}', 'The JSON schema has no type: give one'),
    ('', '"' + 'x' * 20_000 + '"', 'The JSON schema has 20002 characters and may have 16384'),
    ('', '"' + 'x' * 70_000 + '"', 'That is too long: make it smaller.'),
    ('', json.dumps({'enum': [HOSTILE], 'type': HOSTILE, HOSTILE: 1})[:-1], 'is no JSON'),
    ('open, shut', '{"type": "string"}', 'either choices or a JSON schema'),
])
def test_data_that_makes_no_sense_is_not_sent_and_why_is_said_where_it_was_typed(
        operator, choices, schema, wrong):
    operator.instruct('Tell me.', choices=choices, schema=schema, told='Not sent')
    name = 'json_schema' if schema else 'choices'
    operator.reads(f'#{name}-wrong', wrong)
    field = operator.run(f"""(() => {{
        const field = document.querySelector('#instruct [name={name}]');
        return [document.activeElement === field, field.getAttribute('aria-invalid'),
            field.getAttribute('aria-describedby').includes('{name}-wrong'),
            document.getElementById('{name}-wrong').getClientRects().length];
    }})()""")
    assert field == [True, 'true', True, 1]
    assert operator.run('document.getElementById("text").value') == 'Tell me.'
    # Whoever goes on typing is not told of what was wrong before.
    operator.browser.press('x')
    operator.sees(f'document.getElementById("{name}-wrong").textContent === ""', 'no trouble')
    assert operator.run('document.getElementById("taken")') is None
    operator.instruct('Tell me.')
    operator.withdraw_all()


def test_what_the_node_refuses_can_be_typed_anew(graph, operator):
    for number in range(8):
        operator.instruct(f'Tell me of {number}.', choices='open, shut')
    operator.instruct('One too many.', choices='open, shut', told='Refused: 8 instructions stand')
    assert operator.run('[...document.querySelectorAll("#instruct textarea, #text")].map('
                        'field => field.value)') == ['One too many.', 'open, shut', '']
    operator.withdraw_all()


def test_the_keyboard_reaches_what_asks_for_data_in_the_order_it_is_seen(operator):
    operator.run('document.getElementById("text").focus()')
    reached = []
    for _ in range(5):
        operator.browser.press('Tab', 9)
        if operator.run('document.activeElement.tagName') == 'SUMMARY':
            operator.run('document.getElementById("by-schema").open = false')
            operator.browser.press('Enter', 13)
        reached.append(operator.run(
            'document.activeElement.name || document.activeElement.textContent.trim()'))
    assert reached == ['camera', 'once', 'choices', 'or JSON that fits a schema', 'json_schema']


def test_keys_tell_what_was_decided_at_a_moment(operator):
    operator.instruct(DOOR)
    operator.reads('.answer .about', DOOR)
    operator.run('document.querySelector(".lane:not(.gone) .strip").focus()')
    operator.browser.press('ArrowLeft')
    tip = operator.text('#tip')
    assert re.search(r'(Silence|Standby|Response)\n?.*silence \d+%', tip, re.DOTALL)
    strip = 'document.querySelector(".lane:not(.gone) .strip").getAttribute("aria-valuetext")'
    before = operator.run(strip)
    operator.browser.press('ArrowLeft')
    assert operator.run(strip) != before
    operator.browser.press('Escape')
    assert operator.run('document.getElementById("tip").hidden')


def test_a_parameter_is_changed_and_one_that_another_changed_is_shown(graph, operator):
    fps = '[...document.querySelectorAll("#parameters input")][0]'
    operator.sees(f'{fps}.value === "5"', 'the value')
    operator.run(f'{fps}.value = "4"; {fps}.dispatchEvent(new Event("change"))')
    operator.reads('#controlled', 'fps is 4 now')
    threshold = '[...document.querySelectorAll("#parameters input")][2]'
    operator.run(f'{threshold}.value = "0.9"; {threshold}.dispatchEvent(new Event("change"))')
    operator.reads('#notices', 'Not changed')
    operator.sees(f'{threshold}.value === "0"', 'the value of before')
    operator.run('document.getElementById("notices").replaceChildren()')


def test_watching_is_paused_and_goes_on_and_the_window_is_emptied(operator):
    operator.run('document.getElementById("enable").click()')
    operator.reads('#summary', 'activate it to watch')
    operator.reads('#enable', 'Watch again')
    operator.run('document.getElementById("enable").click()')
    operator.reads('#link', 'watching')
    for _ in range(2):
        operator.run('document.getElementById("reset").click()')
    operator.reads('#controlled', 'the window is empty')


def test_texts_are_never_taken_for_markup(graph, operator):
    publisher = graph.node.create_publisher(Instruction, '/streamo/instruction', 10)
    graph.wait(publisher.get_subscription_count, 'a reader')
    answers = graph.node.create_publisher(Response, '/streamo/response', 10)
    states = graph.node.create_publisher(StreamState, '/streamo/state', QoSProfile(
        depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    graph.wait(lambda: answers.get_subscription_count() and states.get_subscription_count(),
               'the console')
    publisher.publish(Instruction(text=HOSTILE, id='hostile'))
    operator.sees(
        f'[...document.querySelectorAll(".lane .what")].some(lane => '
        f'lane.textContent.includes({json.dumps(HOSTILE)}))', 'the instruction')
    answers.publish(Response(
        text=HOSTILE, instruction=HOSTILE, instruction_id=HOSTILE, camera=HOSTILE))
    operator.reads('#answers', HOSTILE)
    data = graph.node.create_publisher(StructuredResponse, '/streamo/structured_response', 10)
    graph.wait(data.get_subscription_count, 'the console')
    for fields, shown in (({'data': HOSTILE}, 'code'), ({'error_msg': HOSTILE}, '.trouble')):
        data.publish(StructuredResponse(response=Response(), **fields))
        operator.reads(f'#answers .data{" code" if shown == "code" else shown}', HOSTILE)
    states.publish(StreamState(
        instruction=HOSTILE, instruction_id='other', camera=HOSTILE,
        status=StreamState.STATUS_ERROR, detail=HOSTILE, state=1, probability_standby=1.0))
    operator.reads('.lane .detail', HOSTILE)
    assert operator.run('document.title') == 'streamo console'
    assert operator.run('document.getElementById("taken")') is None
    for made in (publisher, answers, states, data):
        graph.node.destroy_publisher(made)
    operator.run('document.getElementById("notices").replaceChildren()')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [1400, 390])
def test_it_has_no_serious_fault_of_accessibility(operator, scheme, width):
    if not AXE.exists():
        pytest.skip('no axe-core here: `npm install --prefix build/npm axe-core` runs this test')
    operator.browser.ask('Emulation.setEmulatedMedia', features=[
        {'name': 'prefers-color-scheme', 'value': scheme},
        {'name': 'prefers-reduced-motion', 'value': 'reduce'}])
    # With all that can be opened and said of what is wrong in it.
    operator.instruct('Tell me.', schema='{', told='Not sent')
    operator.browser.ask('Emulation.setDeviceMetricsOverride', width=width, height=900,
                         deviceScaleFactor=1, mobile=width < 500)
    try:
        operator.browser.drawn()
        assert operator.run('document.documentElement.scrollWidth') <= width
        operator.run(AXE.read_text() + '; 0')
        found = operator.run("""axe.run().then(({violations}) => violations
            .filter(({impact}) => ['serious', 'critical'].includes(impact))
            .map(({id, nodes}) => [id, nodes.slice(0, 3).map(node => node.failureSummary
                + ' ' + node.html)]))""")
        assert found == []
    finally:
        operator.run('document.getElementById("instruct").reset()')
        operator.browser.ask('Emulation.clearDeviceMetricsOverride')
        operator.browser.ask('Emulation.setEmulatedMedia', features=[])


def test_all_is_drawn_on_a_dark_ground_too(operator, tmp_path):
    operator.browser.ask('Emulation.setEmulatedMedia', features=[
        {'name': 'prefers-color-scheme', 'value': 'dark'}])
    try:
        operator.browser.drawn()
        operator.browser.screenshot(tmp_path / 'dark.png')
        assert cv2.imread(str(tmp_path / 'dark.png'))[-200:].mean() < 70
    finally:
        operator.browser.ask('Emulation.setEmulatedMedia', features=[])


def test_fifty_lanes_of_an_hour_take_no_more_strokes_than_the_screen_has_columns(operator):
    most, widest, took = operator.run("""(async () => {
        const {Nodes} = await import('/nodes.js');
        const {Lanes} = await import('/lanes.js');
        const nodes = new Nodes();
        const now = Date.now() / 1000;
        const lanes = Array.from({length: 50}, (_, lane) => ({
            camera: 'front', id: `${lane}`, text: `Tell me of ${lane}.`, epoch: 1, state: 0,
            probabilities: [1, 0, 0], status: 'ok', detail: '', age_s: 0, standing: true,
            ticks: Array.from({length: 3600}, (_, tick) => [
                now - 3600 + tick, tick % 3, .1, .1])}));
        nodes.take({kind: 'all', specification: [], nodes: [{
            node: '/many', present: true, starts: 0, health: [], cameras: [], parameters: {},
            services: [], answers: [], lanes}]});
        const drawn = new Lanes({}, () => {});
        const span = document.getElementById('span');
        span.value = 3600;
        span.dispatchEvent(new Event('change'));
        drawn.draw(nodes.all.get('/many'));
        const {rect} = Path2D.prototype;
        let strokes = 0;
        Path2D.prototype.rect = function (...box) { strokes++; rect.apply(this, box); };
        drawn.paint();
        Path2D.prototype.rect = rect;
        const strips = [...document.querySelectorAll('.lane .strip')].slice(0, 50);
        const widest = Math.max(...strips.map(({clientWidth}) => clientWidth));
        const before = performance.now();
        for (let number = 0; number < 10; number++) drawn.paint();
        const took = (performance.now() - before) / 10;
        for (const lane of [...document.querySelectorAll('.lane')].slice(0, 50)) lane.remove();
        span.value = 300;
        span.dispatchEvent(new Event('change'));
        return [strokes / 50, widest, took];
    })()""")
    print(f'painting 50 lanes of an hour each: {took:.1f} ms')
    assert 0 < most <= widest + 2


def test_a_restart_of_the_node_is_said_and_survived(graph, operator, node):
    operator.instruct('Tell me before you go.')
    node.kill()
    operator.reads('#link', 'gone')
    operator.reads('#notices', 'is gone')
    start_node(graph)
    operator.reads('#notices', '/streamo is here')
    operator.reads('#notices', 'was started again')
    operator.instruct('Tell me now that you are back.')
    operator.sees(
        '[...document.querySelectorAll(".answer .about")].some('
        'about => about.textContent.includes("you are back"))', 'its answers')


def test_a_node_without_an_event_log_has_nothing_to_search_and_it_is_said(operator):
    operator.reads('#no-log', 'keeps no event log')
    assert operator.run('document.getElementById("log").hidden')


def test_the_page_outlives_the_console_and_finds_it_again(graph, tmp_path):
    process, site = start_console(graph)
    port = re.search(r':(\d+)/', site)[1]
    with Browser((1400, 900), site) as browser:
        other = Operator(graph, browser)
        other.open(site)
        process.kill()
        other.reads('#link', 'not connected')
        start_console(graph, port=port)
        other.sees('document.getElementById("link").textContent !== "not connected"',
                   'the console again')


def test_a_console_that_says_nothing_any_more_is_noticed_and_found_again(graph):
    process, site = start_console(graph)
    with Browser((1400, 900), site) as browser:
        other = Operator(graph, browser)
        other.open(site)
        process.send(signal.SIGSTOP)    # as where a network is cut: no socket is closed
        try:
            other.reads('#link', 'not connected')
        finally:
            process.send(signal.SIGCONT)
        other.sees('document.getElementById("link").textContent !== "not connected"',
                   'the console again')


def test_the_token_is_asked_for_and_lets_in(graph, tmp_path):
    token = tmp_path / 'token'
    token.write_text('a-token-that-is-long-enough\n')
    _, site = start_console(graph, token_file=token)
    with Browser((1400, 900), site) as browser:
        other = Operator(graph, browser)
        other.open(site, ready=False)
        other.sees('document.getElementById("login").open', 'the question for the token')
        enter = """(() => {
            const form = document.querySelector('#login form');
            form.token.value = '%s';
            form.requestSubmit();
        })()"""
        other.run(enter % 'wrong')
        other.reads('#login .trouble', 'That is not the token.')
        other.run(enter % 'a-token-that-is-long-enough')
        other.sees('document.body.dataset.ready === "yes"', 'the page')


def test_a_link_may_bring_the_token(graph, tmp_path):
    token = tmp_path / 'token'
    token.write_text('a-token-that-is-long-enough\n')
    _, site = start_console(graph, token_file=token)
    with Browser((1400, 900), site) as browser:
        other = Operator(graph, browser)
        other.open(f'{site}#token=a-token-that-is-long-enough')
        assert other.run('location.href') == site


def test_it_ends_in_good_order_with_browsers_connected(graph):
    process, site = start_console(graph)
    with Browser((1400, 900), site) as browser:
        Operator(graph, browser).open(site)
        process.send(2)
        assert process.wait() == 0


def test_a_node_with_an_event_log_has_its_answers_searched_and_asked_for(tmp_path):
    with Graph(tmp_path) as graph, graph.camera(size=(120, 160)).running(10):
        start_node(graph, '-p', f'event_log:={tmp_path}/events')
        _, site = start_console(graph)
        # On a small screen the camera's picture is not seen: the frames are the log's.
        with looking(graph, site, (500, 300)) as operator:
            operator.run('document.querySelector("figcaption button")?.click()')
            operator.sees('!document.getElementById("log").hidden', 'the log')
            operator.instruct(DOOR)
            operator.reads('#events .says', 'It happened at')
            operator.sees('[...document.querySelectorAll("#events img")].some('
                          'image => image.naturalWidth > 0)', 'a thumbnail')
            operator.withdraw_all()
            operator.run("""(() => {
                const form = document.getElementById('ask');
                form.question.value = 'What happened in the last hour?';
                form.requestSubmit();
            })()""")
            operator.reads('#asked', 'It rests on')
            operator.run("""(() => {
                const form = document.getElementById('search');
                form.words.value = 'happened';
                form.requestSubmit();
            })()""")
            operator.sees('/^[1-9]/.test(document.getElementById("found").textContent)', 'events')
