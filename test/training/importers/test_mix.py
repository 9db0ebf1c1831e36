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

"""``streamo build mix``: shares, doubles, a split by film, the states' shares, and the page."""

import json
import re

import pytest
from rendered_video import write_room

from streamo_ros.cli.main import main


def record(film, task='grounding', source='coin', asked='When?', st_time=3, end_time=5,
           seconds=12):
    return {
        'video_name': film, 'video_path': f'{source}/{film}', 'task_type': task, 'source': source,
        'question': [{'content': asked, 'time': 1}],
        'response': [{'content': 'It was.', 'st_time': st_time, 'end_time': end_time, 'time': ''}],
        'duration': seconds}


def many(count, source='coin', tasks=('grounding', 'tsqa')):
    return [record(f'{source}{number}.mp4', task, source, f'When {number}?')
            for number in range(count) for task in tasks]


@pytest.fixture
def mixed(tmp_path, monkeypatch, capsys):
    """Mix lists of records by the command line; return exit code, both parts and figures."""
    monkeypatch.chdir(tmp_path)

    def mixed(files, *options, out='mix'):
        (tmp_path / 'videos').mkdir(exist_ok=True)
        names = []
        for number, records in enumerate(files):
            names.append(f'{number}.json')
            (tmp_path / names[-1]).write_text(json.dumps(records))
        code = main(['build', 'mix', *names, '--out', out, '--videos', 'videos', *options])
        return (code, *(json.loads((tmp_path / out / f'{name}.json').read_bytes())
                        for name in ('train', 'validation', 'mix')))
    return mixed


def films(records):
    return {record['video_name'] for record in records}


def test_shares_of_tasks_and_sources_are_kept(mixed):
    code, train, validation, figures = mixed(
        [many(200), many(100, 'didemo')], '--tasks', 'grounding=3', 'tsqa=1', '--sources',
        'coin=1', 'didemo=1', '--records', '80', '--held-out', '0.25')
    assert (code, len(train), len(validation)) == (0, 60, 20)
    counts = {(cell['split'], cell['task'], cell['source']): cell['drawn']
              for cell in figures['drawn']}
    assert [counts['train', task, source] for task in ('grounding', 'tsqa')
            for source in ('coin', 'didemo')] in ([23, 22, 8, 7], [22, 23, 8, 7], [23, 22, 7, 8],
                                                  [22, 23, 7, 8])
    assert figures['train']['tasks'] == {'grounding': 45, 'tsqa': 15}
    assert figures['before']['written'] == 600


def test_a_film_is_on_one_side_of_the_split_in_whichever_set_it_is(mixed):
    names = [f'abcdefgh{number:03}' for number in range(40)]
    code, train, validation, _ = mixed(
        [[record(f'v_{name}.mp4', source='ActivityNet', asked='A?') for name in names],
         [record(f'{name}.mkv', source='coin', asked='B?') for name in names],
         [record(f'{name}_0.0_150.0.mp4', source='QV', asked='C?') for name in names]],
        '--held-out', '0.5')
    assert code == 0 and len(train) + len(validation) == 120 and validation
    bare = [{re.sub(r'^v_|_0.0_150.0|\\.m..$', '', name)[:11] for name in films(part)}
            for part in (train, validation)]
    assert bare[0] & bare[1] == set() and bare[0] | bare[1] == set(names)


def test_what_says_the_same_of_a_film_counts_once(mixed):
    told = {'task': 'narration'}
    _, train, _, figures = mixed(
        [[record('a.mp4'), record('a.mp4', asked='Other?'), record('b.mp4'),
          record('a.mp4', **told), record('a.mp4', asked='In other words.', **told),
          record('a.mp4', end_time=6, **told)],
         [record('a.webm', source='hacs')]], '--held-out', '0')
    # Other words for a running account are the same; of a grounding they are another event.
    assert (figures['records'], figures['doubles'], len(train)) == (7, 2, 5)


def test_the_draw_depends_on_the_seed_and_the_records_alone(mixed):
    first, second = many(50), many(50, 'didemo')
    options = '--records', '20', '--seed', '7'
    drawn = mixed([first, second], *options)[1:3]
    assert mixed([first, second], *options, out='again')[1:3] == drawn
    assert mixed([second, first[::-1]], *options, out='turned')[1:3] == drawn
    assert mixed([first, second], '--records', '20', '--seed', '8', out='other')[1:3] != drawn


def test_states_before_and_after_are_those_of_the_turns(mixed):
    # 12 turns each: 3 of Standby and a Response, or 1 and 1.
    code, _, _, figures = mixed(
        [[record('a.mp4'), record('b.mp4', 'tsqa', end_time=3)]], '--tasks', 'tsqa=1',
        '--held-out', '0')
    assert code == 0
    assert figures['before']['states'] == {
        'silence': round(18 / 24, 4), 'standby': round(4 / 24, 4), 'response': round(2 / 24, 4)}
    assert figures['train']['states'] == {
        'silence': round(10 / 12, 4), 'standby': round(1 / 12, 4), 'response': round(1 / 12, 4)}


def test_bad_records_are_told_and_left_out(mixed, capsys):
    code, train, _, figures = mixed(
        [[record('a.mp4'), 5, record('b.mp4', end_time='soon'), record('c.mp4', asked=''),
          record('d.mp4', seconds=1e12), record('e.mp4', seconds=-3),
          record('f.mp4', source='\ud83d')]], '--held-out', '0')
    assert code == 1 and films(train) == {'a.mp4'}
    assert [(one['record'], one['field']) for one in figures['bad']] == [
        (1, ''), (2, 'response[0].end_time'), (3, 'question'), (4, 'duration'), (5, 'duration'),
        (6, '')]
    assert '6 of 7 records were bad' in capsys.readouterr().err


@pytest.mark.parametrize('options, sentence', [
    (['--tasks', 'dance=1'], 'no record has the task dance: there is grounding'),
    (['--sources', 'nowhere=1'], 'no record has the source nowhere: there is coin')])
def test_a_share_of_nothing_is_refused(tmp_path, capsys, options, sentence):
    (tmp_path / 'raw.json').write_text(json.dumps([record('a.mp4')]))
    assert main(['build', 'mix', str(tmp_path / 'raw.json'), '--out', str(tmp_path / 'mix'),
                 '--videos', str(tmp_path), *options]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize('option', [
    ['--tasks', 'grounding'], ['--tasks', 'a=-1'], ['--tasks', 'a=nan'], ['--held-out', '1'],
    ['--records', '0']])
def test_shares_that_make_no_sense_are_wrong_usage(option):
    with pytest.raises(SystemExit) as ended:
        main(['build', 'mix', 'a.json', '--out', 'o', '--videos', 'v', *option])
    assert ended.value.code == 2


def test_the_page_shows_samples_with_pictures(mixed, tmp_path):
    write_room(tmp_path / 'videos' / 'coin' / 'a.mp4')
    mixed([[record('a.mp4', asked='Was <b>?'), record('gone.mp4', 'tsqa')]], '--held-out', '0')
    text = (tmp_path / 'mix' / 'mix.html').read_text(encoding='utf-8')
    data = json.loads(re.search(
        r'<script type="application/json" id="data">(.*?)</script>', text)[1])
    there, gone = sorted(data['streams'], key=lambda stream: stream['name'])
    (asked,) = there['instructions']
    assert asked['text'] == 'Was <b>?' and asked['runs'][0]['states'] == '001112000000'
    assert asked['truth'] == [{'start': 2, 'end': 5, 'text': 'It was.'}]
    assert asked['runs'][0]['answers'][0] | {'at': 5, 'event': 0, 'delay': 0} == (
        asked['runs'][0]['answers'][0])
    assert [stamp for stamp, _ in there['thumbnails']] == [0, 2, 5]
    assert all(uri.startswith('data:image/jpeg') for _, uri in there['thumbnails'])
    assert gone['thumbnails'] == [] and any('gone.mp4' in note for note in data['notes'])
