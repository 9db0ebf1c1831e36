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

"""The console and who has its page open, for tests in a browser."""

import json
import re
import sys
import time

from graph import Graph

from streamo_ros.nodes.tools.graph_runner import GraphError

HOSTILE = '<img src=x onerror="document.title=\'taken\'"><b id=taken>bold</b>'


class Operator:
    """Who has the page open."""

    def __init__(self, graph, browser):
        self.graph = graph
        self.browser = browser

    def open(self, url, ready=True):
        self.browser.open(url)
        if ready:
            self.sees('document.body.dataset.ready === "yes"', 'the page')

    def run(self, script):
        return self.browser.run(script)

    def sees(self, condition, what):
        """Wait until a condition, in JavaScript, holds of the page; return its value."""
        try:
            return self.graph.wait(lambda: self.browser.run(condition), what)
        except GraphError as error:
            told = self.browser.run(
                '["link", "summary", "instructed", "controlled", "notices", "lanes"].map(id => '
                '`${id}: ${document.getElementById(id)?.innerText}`).join("\\n")')
            raise AssertionError(
                f'{error}\nthe page says\n{told}\n{self.browser.complaints}\n'
                f'{self.graph.traces()}') from error

    def text(self, selector):
        return self.run(f'document.querySelector({json.dumps(selector)}).innerText')

    def reads(self, selector, text):
        """Wait until a text is to be read in an element."""
        self.sees(
            f'(document.querySelector({json.dumps(selector)})?.textContent || "")'
            f'.includes({json.dumps(text)})', f'{text!r} in {selector}')

    def instruct(self, text, once=False, choices='', schema='', told='It stands'):
        self.run(f"""(() => {{
            document.getElementById('instructed').textContent = '';
            const form = document.getElementById('instruct');
            form.text.value = {json.dumps(text)};
            form.once.value = {json.dumps('once' if once else '')};
            for (const [name, value] of Object.entries(
                {json.dumps({'choices': choices, 'json_schema': schema})})) {{
                form[name].value = value;
                form[name].dispatchEvent(new Event('input'));
            }}
            form.requestSubmit();
        }})()""")
        self.reads('#instructed', told)
        self.browser.drawn()    # until its lane is, nothing can be withdrawn

    def withdraw_all(self):
        for _ in range(2):
            self.run('document.getElementById("clear").click()')
        self.sees('document.getElementById("clear").disabled', 'the end of all instructions')


def start_console(graph, *, node=None, **parameters):
    node = node or f'console_{time.monotonic_ns()}'  # of its own: others may run
    log = graph.folder / node
    options = ['-r', f'__node:={node}', *(
        option for name, value in {'port': 0, **parameters}.items()
        for option in ('-p', f'{name}:={value}'))]
    process = super(Graph, graph).run(
        sys.executable, '-m', 'streamo_ros.nodes.console.main', '--ros-args', *options, log=log)
    found = graph.wait(
        lambda: re.search(r'the console is at (\S+)', process.log), 'the console')
    return process, found[1]
