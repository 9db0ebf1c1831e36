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

"""
Inputs that make no sense, given to each command: one sentence and code 1, or wrong usage.

Checkpoints have a table of their own (``test/models``), and so have pictures (``test/sources``).
"""

import json
import os
from pathlib import Path

import ovo_records
import pytest
from rendered_video import write_room
from tiny_bags import TinyBag
from tiny_streams import write_streams

from streamo_ros.cli.main import main
from streamo_ros.worlds import SentryWorld

ODD_NAME = os.fsdecode(b'caf\xe9')  # not UTF-8

TEXTS = {
    'empty': b'', 'cut': b'{"instructions": [{"text": "a', 'binary': bytes(range(256)),
    'deep lists': b'[' * 100_000, 'deep objects': b'{"a":' * 100_000, 'null': b'null',
    'a number': b'1', 'no number': b'NaN', 'a text': b'"x"', 'an empty list': b'[]',
    'a list of nothing': b'[null]', 'UTF-16': '{"instructions": []}'.encode('utf-16'),
    'digits without end': b'{"instructions": [{"text": "a", "events": [{"start": 1'
                          + b'0' * 5000 + b'}]}]}'}

READERS = {
    'annotations': 'evaluate one --annotations BAD --out out',
    'annotations in YAML': 'evaluate one --annotations BAD.yaml --out out',
    'raw annotations': 'convert BAD out.json',
    'a stream file to convert back': 'convert --back BAD out.json',
    'durations': 'convert raw.json out.json --durations BAD',
    'records of OVO-Bench': 'benchmark ovo BAD --predictions said.json',
    'predictions': 'benchmark ovo ovo.json --predictions BAD',
    'streams to watch': 'benchmark streams BAD --videos . --out out',
    'streams to train on': 'train nano BAD --out out --steps 1 --workers 0',
    'a report': 'evaluate --compare BAD.folder BAD.folder --out out',
    'a film': 'watch BAD -i Tell',
    'a bag': 'evaluate BAD --annotations asked.json --out out',
    'what was learned': 'assemble small --learned BAD --wheels . --out out'}

ANNOTATIONS = {
    'a time that is no number': '{"start": NaN}', 'a time without end': '{"start": Infinity}',
    'a time beyond all': '{"start": 1e300}',
    'a time of many digits': '{"start": 1' + '0' * 400 + '}',
    'a time in words': '{"start": "noon"}',
    'an end before the start': '{"start": 2, "end": 1}', 'no time': '{}', 'a null': 'null',
    'a field that is not known': '{"start": 1, "stop": 2}'}

USAGE = [
    'watch room.mp4 -i Tell --fps {}', 'evaluate one --annotations asked.json --out out --fps {}',
    'convert raw.json out.json --fps {}', 'watch room.mp4 -i Tell --response-threshold {}',
    'watch room.mp4 -i Tell --window {}', 'study scores --streams {}',
    'evaluate one --annotations asked.json --out out --jobs {}', 'study throughput --minutes {}',
    'study sample-bag out --seconds {}', 'export nano --to onnx --out out --camera {}x{}',
    'train nano stream.json --out out --learning-rate {}']

NO_INPUTS = [
    'watch NOT -i Tell', 'evaluate NOT --annotations asked.json --out out',
    'evaluate one --out out --annotations NOT', 'convert NOT out.json',
    'watch room.mp4 -i Tell --checkpoint NOT', 'export NOT --to onnx --out out',
    'train NOT stream.json --out out --steps 1', 'train nano NOT --out out --steps 1',
    'benchmark ovo NOT --predictions said.json', 'benchmark ovo ovo.json --predictions NOT',
    'benchmark streams NOT --videos . --out out', 'evaluate --compare NOT done --out out',
    'assemble small --wheels NOT --learned said.json --out out',
    'assemble small --learned NOT --wheels . --out out']


@pytest.fixture(scope='module')
def inputs(tmp_path_factory):
    """Return a folder with what else the commands read."""
    folder = tmp_path_factory.mktemp('inputs')
    write_room(folder / 'room.mp4', 1)
    world = SentryWorld(5, seconds=2.0, split='test', size=(112, 112), skills=['light_off'])
    with TinyBag(folder / 'one') as bag:
        for index in range(2):
            bag.image(index, world.render(index))
    write_streams(folder)
    ovo_records.write(folder, ovo_records.one_of_each())
    (folder / 'said.json').write_text('{"id": 0, "responses": ["B"]}\n')
    (folder / 'asked.json').write_text('{"instructions": [{"text": "Tell me.", "events": []}]}')
    (folder / 'raw.json').write_text(json.dumps([{'video_name': 'room.mp4'}]))
    return folder


@pytest.fixture
def refused(inputs, tmp_path, capsys, monkeypatch):
    """Return a function that runs a command and holds how it ends."""
    for entry in inputs.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    monkeypatch.chdir(tmp_path)

    def run(words, code=1):
        try:
            ended = main(words)
        except SystemExit as error:
            ended = error.code
        printed = capsys.readouterr().err.strip().splitlines()
        assert ended == code, printed
        assert printed[-1].startswith('streamo'), printed

    return run


@pytest.mark.parametrize('text', TEXTS)
@pytest.mark.parametrize('reader', READERS)
def test_a_text_that_says_nothing_sensible(reader, text, refused):
    if text == 'an empty list' and 'convert' in READERS[reader]:
        pytest.skip('nothing is converted to nothing')
    for name in ('bad', 'bad.yaml'):
        Path(name).write_bytes(TEXTS[text])
    Path('bad.folder').mkdir()
    Path('bad.folder', 'report.json').write_bytes(TEXTS[text])
    refused([word.replace('BAD', 'bad') for word in READERS[reader].split()])


@pytest.mark.parametrize('event', ANNOTATIONS)
def test_an_event_that_makes_no_sense(event, refused):
    for name in ('bad.json', 'bad.yaml'):
        text = ANNOTATIONS[event]
        if name == 'bad.yaml':
            text = text.replace('NaN', '.nan').replace('Infinity', '.inf')
        Path(name).write_text(
            '{"instructions": [{"text": "Tell me.", "events": [' + text + ']}]}')
        refused(['evaluate', 'one', '--annotations', name, '--out', 'out'])


@pytest.mark.parametrize('value', ['nan', 'inf', '-inf', '1e-310', '0', '-1', '1e400', 'x', ''])
@pytest.mark.parametrize('command', USAGE)
def test_a_number_that_makes_no_sense(command, value, refused):
    if 'threshold' in command and value in ('0', '1e-310') or (
            'learning' in command or 'minutes' in command or 'seconds' in command
            ) and value == '1e-310':
        pytest.skip('it makes sense here')
    *words, last = command.split()
    option = words.pop()
    refused([*words, f'{option}={last.format(value, value)}'], code=2)


@pytest.mark.parametrize(
    'name', ['nowhere', '', 'x' * 5000, ODD_NAME, 'said.json/x', 'a\nb'])
@pytest.mark.parametrize('command', NO_INPUTS)
def test_an_input_that_is_not_there(command, name, refused):
    if not name and command.startswith('benchmark streams'):
        pytest.skip('an empty path is the directory one is in, and that holds streams')
    refused([name if word == 'NOT' else word for word in command.split()])
