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

"""Streams in the authors' format: a model's states and answers against the record's own."""

import json

import pytest
from tiny_streams import ANSWER
from tiny_streams import PROMPT
from tiny_streams import QUESTION
from tiny_streams import record
from tiny_streams import write_streams
from tiny_streams import write_video

from streamo_ros.cli.main import main
from streamo_ros.dialogue import State
from streamo_ros.evaluation.benchmarks import recorded
from streamo_ros.evaluation.benchmarks import watching
from streamo_ros.evaluation.benchmarks.watching import Heard
from streamo_ros.evaluation.spread import Spread
from streamo_ros.sources.stream_file import DataError
from streamo_ros.sources.stream_file import StreamFile


class Script:
    """A stand-in for watching: says what a script says, by the video's name."""

    def __init__(self, scripts, answer):
        self.scripts, self.answer = scripts, answer

    def __call__(self, engine, video, questions, starts):
        script = self.scripts[video.name]
        heard = []
        for question in questions:
            turns = [turn for turn in range(question.first, len(script)) if turn <= question.last]
            heard.append(Heard(
                question.first, tuple(State('SBR'.index(script[turn])) for turn in turns),
                {turn: self.answer for turn in turns if script[turn] == 'R'}))
        return heard


def evaluate(data, videos, out, scripts, monkeypatch, answer=ANSWER):
    monkeypatch.setattr(watching, 'watch', Script(scripts, answer))
    return recorded.run(
        recorded.find_records(data), videos, out, lambda fps: None, Spread(),
        {'checkpoint': 'script'})


def test_the_record_itself_said_again_scores_full(tmp_path, monkeypatch):
    file = write_streams(tmp_path, ('SBBRS', 'BRSS'))
    found = evaluate(
        file, tmp_path, tmp_path / 'out', {'0.mp4': 'SBBRS', '1.mp4': 'BRSS'}, monkeypatch)
    assert (found['state_macro_f1'], found['event_f1'], found['answer_accuracy']) == (1, 1, 1)
    assert (found['watched'], found['turns_that_the_videos_lack']) == (2, 0)
    assert found['streamo_bench']['tsqa'] == {'accuracy': 1.0, 'recall': 1.0}
    assert found['streampro_f1'] == {
        'precision': 100.0, 'recall': 100.0, 'f1': 100.0, 'trajectories': 2}
    silent = found['baselines']['always_silent']
    assert silent['event_f1'] == 0.0 and silent['answers'] == 0
    assert silent['state_macro_f1'] == 0.2051   # 4 of 9 turns are silent: (8 / 13 + 0 + 0) / 3
    assert set(found['tasks']) == {'QA'}


def test_what_differs_is_counted(tmp_path, monkeypatch):
    file = write_streams(tmp_path, ('SBBRS', 'SSBRSS'))
    found = evaluate(
        file, tmp_path, tmp_path / 'out', {'0.mp4': 'SSBSR', '1.mp4': 'SS'}, monkeypatch)
    assert (found['events'], found['hits'], found['delay_ticks_median']) == (1, 1, 1)
    assert found['turns_that_the_videos_lack'] == 4


def test_a_question_stands_until_another_is_asked(tmp_path):
    one = record('a.mp4', 'SSSS')
    for turn, text in ((1, QUESTION), (2, 'And now?')):
        one['messages'][1 + 2 * turn]['content'] = f'{text}\n<{turn}s-{turn + 1}s>\n<stream>'
    file = tmp_path / 'stream.json'
    file.write_text(json.dumps(one))
    asked = recorded.questions(StreamFile(file)[0])
    assert [(question.text, question.first, question.last) for question in asked] == [
        (QUESTION, 0, 1), ('And now?', 2, float('inf'))]


@pytest.mark.parametrize('tags, fps', [
    (('0s-1s', '1s-2s'), 1), (('0s-0.5s', '0.5s-1s'), 2), (('0s-1s', ), 1)])
def test_the_rate_is_told_by_the_tags(tags, fps):
    turns = [recorded.RecordedTurn('', tag, float(tag.split('s')[0]), 0.0, State.SILENCE, '')
             for tag in tags]
    assert recorded.rate(recorded.RecordedStream('', None, tuple(turns))) == fps


def test_grounding_is_scored_by_time_span_and_by_when_it_was_asked(tmp_path, monkeypatch):
    one = record('0.mp4', 'SBBRS')
    one['task_type'] = 'event_grounding'
    one['messages'][8]['content'] = '</Response> Given event occurred between 1s to 5s.'
    write_video(tmp_path / '0.mp4', 'SBBRS')
    file = tmp_path / 'stream.json'
    file.write_text(json.dumps(one))
    found = evaluate(
        file, tmp_path, tmp_path / 'out', {'0.mp4': 'SSSRS'}, monkeypatch,
        answer='Given event occurred between 3s to 5s.')
    assert found['streamo_bench']['grounding_miou'] == {'forward': 0.5, 'backward': None}
    assert found['grounding_miou'] == 0.5
    assert found['streamo_bench']['tsqa'] == {'accuracy': None, 'recall': None}


def test_a_question_repeated_after_the_event_was_asked_backward(tmp_path, monkeypatch):
    one = record('0.mp4', 'SSSRS')
    one['task_type'] = 'event_grounding'
    one['messages'][7]['content'] = f'{QUESTION}\n<3s-4s>\n<stream>'
    one['messages'][8]['content'] = '</Response> Given event occurred between 0s to 2s.'
    write_video(tmp_path / '0.mp4', 'SSSRS')
    file = tmp_path / 'stream.json'
    file.write_text(json.dumps(one))
    found = evaluate(file, tmp_path, tmp_path / 'out', {'0.mp4': 'SSSSR'}, monkeypatch,
                     answer='Given event occurred between 1s to 2s.')
    assert found['streamo_bench']['grounding_miou'] == {'forward': None, 'backward': 0.5}


def test_a_folder_is_gone_through_and_what_is_not_there_is_named(tmp_path, monkeypatch):
    (tmp_path / 'data' / 'deep').mkdir(parents=True)
    write_video(tmp_path / 'a.mp4', 'SR')
    broken = record('a.mp4', 'SR')
    broken['messages'].pop()
    still = record('a.mp4', 'SS')
    still['messages'][3]['content'] = '<0s-1s>\n<stream>'
    unasked = record('a.mp4', 'S')
    unasked['messages'][1]['content'] = '<0s-1s>\n<stream>'
    (tmp_path / 'data' / 'one.json').write_text(
        json.dumps([record('a.mp4', 'SR'), record('gone.mp4', 'SR'), broken, unasked, still]))
    (tmp_path / 'data' / 'deep' / 'two.jsonl').write_text(
        json.dumps(record('a.mp4', 'SR', PROMPT)))
    found = evaluate(tmp_path / 'data', tmp_path, tmp_path / 'out', {'a.mp4': 'SR'}, monkeypatch)
    assert (found['records'], found['watched']) == (6, 2)
    assert found['absent_videos'] == ['gone.mp4'] and found['records_of_absent_videos'] == 1
    assert list(found['left_out']) == ['one.json 2', 'one.json 3', 'one.json 4']
    assert 'role assistant' in found['left_out']['one.json 2']
    assert 'nothing is asked' in found['left_out']['one.json 3']
    assert 'do not advance' in found['left_out']['one.json 4']


def test_records_that_were_watched_are_not_watched_again(tmp_path, monkeypatch):
    file = write_streams(tmp_path, ('SBBRS', 'BRS'))
    first = evaluate(
        file, tmp_path, tmp_path / 'out', {'0.mp4': 'SBBSR', '1.mp4': 'BRS'}, monkeypatch)
    assert evaluate(file, tmp_path, tmp_path / 'out', {}, monkeypatch) == first


def test_nothing_to_watch_is_an_error(tmp_path, capsys):
    file = write_streams(tmp_path, ('BRS',))
    assert main(['benchmark', 'streams', str(file), '--videos', str(tmp_path / 'elsewhere'),
                 '--out', str(tmp_path / 'out')]) == 1
    printed = capsys.readouterr().err
    assert 'absent: 0.mp4' in printed and 'none of 1 records could be watched' in printed
    (tmp_path / 'empty').mkdir()
    with pytest.raises(DataError, match=r'holds no \.json'):
        recorded.find_records(tmp_path / 'empty')


def test_nano_is_held_against_records_from_the_command_line(tmp_path, capsys):
    file = write_streams(tmp_path, ('SBBRS', 'BRS'))
    out = tmp_path / 'out'
    assert main(['benchmark', 'streams', str(file), '--videos', str(tmp_path), '--out', str(out),
                 '--window', '4', '--json', str(tmp_path / 'figures.json')]) == 0
    report = json.loads((out / 'report.json').read_text())
    figures = json.loads((tmp_path / 'figures.json').read_text())
    assert figures == {'streamo_ros': 'figures', **report}
    assert (report['watched'], report['events'], report['window_turns']) == (2, 2, 4)
    assert 'state_macro_f1' in capsys.readouterr().out
    lengths = [[len(one['states']) for one in json.loads(line)['heard']]
               for line in (out / 'watched.jsonl').read_text().splitlines()]
    assert lengths == [[5], [3]]
