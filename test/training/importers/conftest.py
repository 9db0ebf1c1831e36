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

"""Importers run by the command line on made files."""

import json

import pytest

from streamo_ros.cli.main import main
from streamo_ros.training.conversion.files import convert_file
from streamo_ros.training.conversion.files import ToStream


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """
    Import a file or, of a dictionary, a folder of files; return raw records and findings.

    What was written goes through ``streamo convert`` as well, which may refuse nothing of it.
    """
    monkeypatch.chdir(tmp_path)

    def imported(source, content, name='annotations.json', durations=None, convertible=True):
        files = content if isinstance(content, dict) and 'files' in content else {
            'files': {name: content}}
        for path, value in files['files'].items():
            file = tmp_path / 'given' / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(value, bytes):
                file.write_bytes(value)
            else:
                file.write_text(
                    value if isinstance(value, str) else json.dumps(value), encoding='utf-8')
        (tmp_path / 'videos').mkdir(exist_ok=True)
        (tmp_path / 'durations.json').write_text(json.dumps(durations or {}))
        for out in ('raw.json', 'raw.findings.json', 'stream.json'):
            (tmp_path / out).unlink(missing_ok=True)
        given = tmp_path / 'given' / name if len(files['files']) == 1 else tmp_path / 'given'
        code = main([
            'build', source, str(given), '--videos', 'videos', '--out', 'raw.json',
            '--durations', 'durations.json'])
        records = json.loads((tmp_path / 'raw.json').read_bytes())
        report = json.loads((tmp_path / 'raw.findings.json').read_bytes())
        assert code == (1 if report['bad'] else 0)
        assert report['written'] == len(records)
        converted = convert_file(
            tmp_path / 'raw.json', tmp_path / 'stream.json', ToStream('Watch.'))
        if convertible:
            assert (converted.records, converted.bad) == (len(records), 0)
        return records, report
    return imported


@pytest.fixture
def streams(tmp_path):
    """Return the streams that were converted last, each as its turns: states and words."""
    def streams():
        found = []
        for record in json.loads((tmp_path / 'stream.json').read_bytes()):
            found.append([message['content'] for message in record['messages'][2::2]])
        return found
    return streams
