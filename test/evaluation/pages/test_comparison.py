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

"""``streamo evaluate --compare``, and what its page says."""

import copy

from made_report import instruction
from made_report import pictures
from made_report import report
import pytest

from streamo_ros.cli.main import main
from streamo_ros.evaluation.bags.report_data import report_json
from streamo_ros.evaluation.pages import comparison as comparison_page
from streamo_ros.evaluation.pages.comparison import comparison_data


@pytest.fixture
def runs():
    one = instruction('light', 400, [20, 60], [21, 300])
    other = copy.deepcopy(one)
    other.states[200] = 1
    other.states[250], other.states[300] = 2, 0
    other.answers[0].text = 'The light came on.'
    other.answers.pop()
    second = report(other)
    second.configuration.window_turns = 12
    return report(one), second


def part(data, name):
    return next(one for one in data['before'] + data['after'] if one['id'] == name)


def test_disagreements_are_listed_those_first_where_only_one_spoke(runs):
    data = comparison_data(*runs, pictures)
    spec, = part(data, 'disagreements')['tables']
    assert spec['note'].startswith('4 of 400 decisions differ.')
    told = [(row['cells'][0], row['cells'][5], row['cells'][6]) for row in spec['rows']]
    assert told == [
        ('125.00 s', 'silence', 'response'),
        ('150.00 s', 'response: The light went off.', 'silence'),
        ('10.50 s', 'response: The light went off.', 'response: The light came on.'),
        ('100.00 s', 'silence', 'standby')]
    assert all(row['cells'][1]['image'].startswith('data:') for row in spec['rows'])
    assert data['streams'][0]['instructions'][0]['disagreements'] == [21, 200, 250, 300]


def test_a_table_too_long_says_so(runs, monkeypatch):
    monkeypatch.setattr(comparison_page, 'MOST_ROWS', 3)
    spec, = part(comparison_data(*runs, pictures), 'disagreements')['tables']
    assert len(spec['rows']) == 3 and 'the first 3 are listed' in spec['note']


def test_settings_that_differ_are_marked(runs):
    title, lines = part(comparison_data(*runs, pictures), 'configuration')['lists'][0]
    assert [line[:2] for line in lines if line[2]] == [['window turns', 'A 30; B 12']]


def test_the_command_takes_folders_or_files_and_writes_the_page(runs, tmp_path, capsys):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / 'report.json').write_text(report_json(runs[0]))
    (tmp_path / 'b.json').write_text(report_json(runs[1]))
    page = tmp_path / 'page.html'
    assert main(['evaluate', '--compare', str(tmp_path / 'a'), str(tmp_path / 'b.json'),
                 '--out', str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    # Their bags are gone; the page is there without pictures, and says so.
    assert 'No pictures of room /camera' in page.read_text()


def test_the_command_refuses_what_it_cannot_do(runs, tmp_path, capsys):
    for name, made in (('a', runs[0]), ('b', report(runs[1].bags[0].cameras[0].instructions[0],
                                                    name='hall'))):
        (tmp_path / f'{name}.json').write_text(report_json(made))
    both = ['evaluate', '--compare', str(tmp_path / 'a.json'), str(tmp_path / 'b.json')]
    assert main([*both, '--out', str(tmp_path / 'page.html')]) == 1
    assert 'compare runs over the same bags' in capsys.readouterr().err
    assert main(['evaluate', '--compare', str(tmp_path), str(tmp_path)]) == 1
    for wrong in (['evaluate', 'bag', *both[1:]], ['evaluate', 'bag'],
                  ['evaluate', '--out', str(tmp_path)]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2
