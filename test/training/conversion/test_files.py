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

"""``streamo convert``: the published example to the letter, reports, and memory."""

import gc
import json
from pathlib import Path
import tracemalloc

import av
import numpy as np
import pytest

from streamo_ros.cli.main import main
from streamo_ros.models import load_checkpoint
from streamo_ros.training import json_records
from streamo_ros.training.conversion.files import convert_file
from streamo_ros.training.conversion.files import to_annotation
from streamo_ros.training.conversion.files import ToStream
from streamo_ros.training.conversion.raw_annotation import read_seconds

SHARED = Path(__file__).parents[4] / 'shared'
EXAMPLE = SHARED / 'data' / 'streamo_example'
published = pytest.mark.skipif(
    not EXAMPLE.is_dir(), reason=f'the published example is not in {EXAMPLE}')


def record(name='a.mp4', seconds=8, answer='A', end=6, **fields):
    return {
        'video_name': name, 'video_path': f'videos/{name}', 'task_type': 'QA', 'source': 'x',
        'question': [{'content': 'What?', 'time': '1'}],
        'response': [{'content': answer, 'st_time': 5.0, 'end_time': end, 'time': ''}],
        'duration': seconds, **fields}


def write(file, records):
    file.write_text(json.dumps(records))
    return str(file)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Convert records by the command line; return exit code, output and report."""
    monkeypatch.chdir(tmp_path)

    def run(records, *options):
        write(tmp_path / 'raw.json', records)
        (tmp_path / 'stream.json').unlink(missing_ok=True)
        (tmp_path / 'report.json').unlink(missing_ok=True)
        code = main(['convert', 'raw.json', 'stream.json', '--json', 'report.json', *options])
        return (
            code, json.loads((tmp_path / 'stream.json').read_bytes()),
            json.loads((tmp_path / 'report.json').read_bytes()))
    return run


@pytest.fixture
def example(tmp_path):
    """Return the published stream file, and the options for what it does not say."""
    stream = json.loads((EXAMPLE / 'stream_format.json').read_bytes())
    prompt = tmp_path / 'prompt.txt'
    prompt.write_text(stream[0]['messages'][0]['content'], newline='')
    durations = tmp_path / 'durations.json'
    write(durations, {
        item['video_name']: (len(item['messages']) - 1) // 2 for item in stream})
    return stream, ['--system-prompt', str(prompt), '--durations', str(durations)]


@published
def test_compat_writes_the_published_example_to_the_letter(tmp_path, example):
    stream, options = example
    out = tmp_path / 'stream.json'
    assert main(['convert', str(EXAMPLE / 'raw_data.json'), str(out), '--compat', *options]) == 0
    converted = json.loads(out.read_bytes())
    assert len(converted) == len(stream)
    for item, original in zip(converted, stream):
        for message, expected in zip(item['messages'], original['messages'], strict=True):
            assert message == expected
    assert out.read_bytes() == (EXAMPLE / 'stream_format.json').read_bytes()


@published
def test_mended_the_published_example_differs_only_in_asking_once(tmp_path, example):
    stream, options = example
    out = tmp_path / 'stream.json'
    assert main(['convert', str(EXAMPLE / 'raw_data.json'), str(out), *options]) == 0
    for item, original in zip(json.loads(out.read_bytes()), stream):
        question = original['messages'][1]['content'].split('\n')[0]
        original['messages'][1]['content'] = '<0s-1s>\n<stream>'
        assert item == original
        assert sum(question in message['content'] for message in item['messages']) == 1


@published
def test_the_published_stream_becomes_the_published_annotations_again(tmp_path):
    out = tmp_path / 'raw.json'
    assert main(['convert', '--back', str(EXAMPLE / 'stream_format.json'), str(out)]) == 0
    for item, original in zip(
            json.loads(out.read_bytes()), json.loads((EXAMPLE / 'raw_data.json').read_bytes()),
            strict=True):
        assert item.pop('duration') == 76
        for part in [record for both in (item, original) for name in ('question', 'response')
                     for record in both[name]]:
            for name in {'time', 'st_time', 'end_time'} & part.keys():
                part[name] = read_seconds(part[name], name)
        assert item == original


def test_a_record_has_the_published_fields_and_the_checkpoints_prompt(run):
    code, [stream], report = run([record(extra='is left behind')])
    assert code == 0
    assert list(stream) == ['messages', 'videos', 'video_name', 'task_type', 'source']
    assert stream['videos'] == ['videos/a.mp4']
    assert [stream[name] for name in ('video_name', 'task_type', 'source')] == ['a.mp4', 'QA', 'x']
    system, *messages = stream['messages']
    assert system == {'role': 'system', 'content': load_checkpoint('nano').system_prompt}
    assert [message['role'] for message in messages] == ['user', 'assistant'] * 8
    assert messages[0]['content'] == 'What?\n<0s-1s>\n<stream>'
    assert [message['content'] for message in messages[8:14]] == [
        '<4s-5s>\n<stream>', '</Standby>', '<5s-6s>\n<stream>', '</Standby>',
        '<6s-7s>\n<stream>', '</Response> A']
    assert report == {'findings': [], 'records': 1, 'bad': 0, 'corrections': {}}


def test_tags_are_seconds_at_any_rate_and_count_turns_in_compat(run):
    _, [stream], _ = run([record(seconds=2)], '--fps', '2')
    assert [m['content'] for m in stream['messages'][1::2]][2:] == [
        '<1s-1.5s>\n<stream>', '<1.5s-2s>\n<stream>']
    _, [stream], _ = run([record(seconds=2)], '--fps', '2', '--compat')
    assert stream['messages'][7]['content'] == '<3s-4s>\n<stream>'


def test_bad_records_are_told_and_left_out_and_the_rest_goes_on(run, capsys):
    code, stream, report = run([
        record('a.mp4'), record('b.mp4', end='soon'), 7, record('c.mp4', seconds=''),
        record('d.mp4', answer='\ud83d'), record('e.mp4', seconds=0), record('f.mp4', seconds=1e8),
        record('g.mp4')])
    assert code == 1
    assert [item['video_name'] for item in stream] == ['a.mp4', 'g.mp4']
    assert [(f['file'], f['record'], f['field']) for f in report['findings']] == [
        ('raw.json', 1, 'response[0].end_time'), ('raw.json', 2, ''),
        ('raw.json', 3, 'video_path'), ('raw.json', 4, ''), ('raw.json', 5, 'video_path'),
        ('raw.json', 6, 'video_path')]
    assert {f['kind'] for f in report['findings']} == {'bad-record'}
    assert (report['records'], report['bad']) == (8, 6)
    printed = capsys.readouterr().err
    assert "raw.json record 1: response[0].end_time: 'soon' is no time" in printed
    assert '6 of 8 records were bad' in printed


def test_corrections_are_counted_and_listed_in_print_and_report(run, capsys):
    code, _, report = run([record(), record(end=8), record(end=3)])
    assert code == 0
    assert report['corrections'] == {'last-turn': 1, 'turned-round': 1}
    assert [(f['record'], f['field'], f['kind']) for f in report['findings']] == [
        (1, 'response[0]', 'last-turn'), (2, 'response[0]', 'turned-round')]
    printed = capsys.readouterr().out
    assert '3 of 3 records converted, 2 corrections' in printed
    assert '1  last-turn' in printed
    assert 'raw.json record 1  response[0]  last-turn: ' in printed


def test_more_corrections_than_are_shown_are_all_in_the_report(run, capsys):
    _, _, report = run([record(end=8)] * 30)
    assert len(report['findings']) == report['corrections']['last-turn'] == 30
    assert 'and 10 more' in capsys.readouterr().out


def test_a_video_counts_more_than_what_is_written_of_its_length(run, tmp_path):
    folder = tmp_path / 'films' / 'videos'
    folder.mkdir(parents=True)
    with av.open(str(folder / 'a.mp4'), 'w') as container:
        video = container.add_stream('mpeg4', rate=5)
        video.width = video.height = 16
        for _ in range(33):  # the last frame at 6.4 s
            container.mux(video.encode(
                av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format='rgb24')))
        container.mux(video.encode())
    _, [stream], report = run([record(seconds=100)], '--videos', 'films')
    assert len(stream['messages']) == 1 + 2 * 7
    assert report['corrections'] == {'sampling': 1}
    _, [stream], _ = run([record(seconds=100)], '--videos', 'films', '--compat')
    assert len(stream['messages']) == 1 + 2 * 6
    (folder / 'a.mp4').write_bytes(b'broken')
    code, stream, report = run([record(seconds=100)], '--videos', 'films')
    assert (code, stream) == (1, [])
    assert 'cannot be read as a video' in report['findings'][0]['what']


def test_durations_are_found_by_path_or_name(run, tmp_path):
    for name in ('videos/a.mp4', 'a.mp4'):
        write(tmp_path / 'durations.json', {name: '0:09'})
        _, [stream], _ = run([record(seconds='')], '--durations', 'durations.json')
        assert len(stream['messages']) == 1 + 2 * 9


def test_a_question_can_be_given_for_records_that_ask_nothing(run):
    assert run([record(question=[])])[0] == 1
    for mode in ([], ['--compat']):
        _, [stream], _ = run([record(question=[])], '--question', 'Say what happens.', *mode)
        assert stream['messages'][1]['content'] == 'Say what happens.\n<0s-1s>\n<stream>'


def test_back_and_forth_by_the_command_line_alone(run, tmp_path):
    _, stream, _ = run([record(), record('b.mp4', seconds=20, answer='\nB  "c" ü')])
    assert main(['convert', '--back', 'stream.json', 'again.json']) == 0
    assert main(['convert', 'again.json', 'stream2.jsonl']) == 0
    lines = (tmp_path / 'stream2.jsonl').read_text('utf-8').splitlines()
    assert [json.loads(line) for line in lines] == stream


@pytest.mark.parametrize('change, field', [
    (lambda item: item.pop('messages'), 'messages'),
    (lambda item: item.update(videos=[]), 'videos'),
    (lambda item: item['messages'].pop(), 'messages[16]'),
    (lambda item: item['messages'].pop(2), 'messages[2]'),
    (lambda item: item['messages'][2].update(content='<Silence>'), 'messages[2].content'),
    (lambda item: item['messages'][2].update(content='</Silence> but'), 'messages[2].content'),
    (lambda item: item['messages'][3].update(content='<stream>'), 'messages[3].content'),
    (lambda item: item['messages'][3].update(content='<0s-1s>\n<stream>'),
     'messages[3].content'),
    (lambda item: item['messages'][3].update(content=None), 'messages[3].content'),
])
def test_a_stream_that_is_not_of_the_format_is_told_by_its_message(run, change, field):
    _, [stream], _ = run([record()])
    change(stream)
    code, raw, report = run([stream], '--back')
    assert (code, raw) == (1, [])
    assert report['findings'][0]['field'] == field


@pytest.mark.parametrize('arguments, sentence', [
    (['nowhere.json', 'out.json'], 'nowhere.json cannot be read'),
    (['raw.json', 'no/out.json'], 'no/out.json cannot be written'),
    (['raw.json', 'out.json', '--system-prompt', 'nowhere.txt'], 'nowhere.txt cannot be read'),
    (['raw.json', 'out.json', '--durations', 'raw.json'], 'should hold an object'),
])
def test_what_cannot_be_done_ends_with_one_sentence_and_code_1(
        tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'raw.json', [record()])
    assert main(['convert', *arguments]) == 1
    printed = capsys.readouterr().err
    assert sentence in printed
    assert not (tmp_path / 'out.json').exists()


def test_compat_and_back_exclude_each_other():
    with pytest.raises(SystemExit) as raised:
        main(['convert', 'a', 'b', '--compat', '--back'])
    assert raised.value.code == 2


@pytest.fixture
def uncollected():
    """Keep the collector from running, so that cycles left behind are seen."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize('lines', [False, True], ids=['array', 'lines'])
@pytest.mark.parametrize('back', [False, True], ids=['forth', 'back'])
def test_twenty_times_the_file_takes_no_more_memory(
        tmp_path, monkeypatch, uncollected, lines, back):
    monkeypatch.setattr(json_records, 'CHUNK', 1 << 12)  # so that a small file has many
    convert = to_annotation if back else ToStream('Prompt.')
    # Every third has a correction, every fifth is bad: findings must not pile up, either.
    items = [
        record(f'{index}.mp4', 9, end='soon' if index % 5 == 0 else 9 if index % 3 == 0 else 8,
               question=[{'content': 'What? ' * 200, 'time': 1}])
        for index in range(40)]
    if back:
        items = [ToStream('Prompt.')(item)[0] for item in items if item['response'][0][
            'end_time'] != 'soon']
    peaks, sizes = [], []
    for times in (1, 20):
        source = tmp_path / f'raw{times}.json'
        texts = [json.dumps(item) for item in items] * times
        source.write_text('\n'.join(texts) if lines else f'[{",".join(texts)}]')
        del texts
        tracemalloc.start()
        summary = convert_file(
            source, tmp_path / f'out{times}.json', convert, tmp_path / f'report{times}.json')
        assert summary.records == len(items) * times
        peaks.append(tracemalloc.get_traced_memory()[1])
        sizes.append(source.stat().st_size)
        tracemalloc.stop()
    # The interpreter keeps up to 2000 freed tuples for reuse, 48 bytes each; a record has 1400.
    assert peaks[1] - peaks[0] < 2000 * 48
    assert peaks[1] < sizes[1] / 5
