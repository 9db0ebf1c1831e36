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

"""What is put into a page stays data."""

import json
import re

import pytest

from streamo_ros.evaluation.pages.page import page

EMPTY = {'title': '', 'subtitle': '', 'notes': [], 'runs': [''], 'before': [], 'streams': [],
         'after': []}


def embedded(text):
    return re.search(r'<script type="application/json" id="data">(.*?)</script>', text)[1]


@pytest.mark.parametrize('text', [
    '</script><img src=x onerror=alert(1)>', '<!--<script>', ']]>', '&lt;b&gt;', '%policy%',
    '%data%', '\u2028\u2029', 'half a pair \ud83d', '\\u003c', '漢字 "quoted" \\ \x00'])
def test_no_text_can_leave_the_data(text):
    empty = page(EMPTY)
    made = page({**EMPTY, 'title': text})
    assert json.loads(embedded(made))['title'] == text
    made.encode('utf-8')
    # The rest of the page is the same, whatever the text.
    assert made.replace(embedded(made), '') == empty.replace(embedded(empty), '')
    assert not set('<>&') & set(embedded(made))


def test_the_page_can_reach_nothing_and_run_nothing_but_its_own_script():
    made = page(EMPTY)
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', made)[1]
    assert policy.startswith("default-src 'none'; ")
    assert 'unsafe' not in policy and 'http' not in policy
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', made) == []


def test_what_json_cannot_say_is_refused():
    with pytest.raises(ValueError):
        page({**EMPTY, 'streams': [float('nan')]})
