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

"""The importers are measured on made files, and their memory does not grow with the records."""

import gc
import json
import os
import tracemalloc

import pytest

from streamo_ros.cli.main import main
from streamo_ros.studies.importers import SOURCES
from streamo_ros.studies.importers import write_made
from streamo_ros.training import json_records
from streamo_ros.training.importers.build import build
from streamo_ros.training.importers.build import importer_of
from streamo_ros.training.importers.videos import Videos

RECORDS = int(os.environ.get('STREAMO_RECORDS', '1000'))
"""``STREAMO_RECORDS=20000`` takes minutes."""


def test_each_importer_has_its_figures(tmp_path, capsys):
    file = tmp_path / 'figures.json'
    assert main(['study', 'importers', '--sources', 'coin', 'hacs-clips', '--records', '20', '40',
                 '--json', str(file)]) == 0
    costs = json.loads(file.read_text())['costs']
    assert [(cost['source'], cost['records']) for cost in costs] == [
        ('coin', 20), ('coin', 40), ('hacs-clips', 20), ('hacs-clips', 40)]
    assert all(cost['annotations'] > 0 and 10 < cost['peak_mib'] < 2000 for cost in costs)
    assert 'times reading' in capsys.readouterr().out


@pytest.mark.parametrize('source', SOURCES)
def test_twenty_times_the_records_take_no_more_memory(tmp_path, monkeypatch, source):
    monkeypatch.setattr(json_records, 'CHUNK', 1 << 12)  # so that a small file has many
    records = RECORDS if source != 'hacs-clips' else max(RECORDS, 5_000)
    peaks = []
    gc.disable()  # cycles left behind should be seen
    try:
        # What is loaded once is not of the records, nor are freed tuples that the interpreter
        # keeps for reuse, until a collection.
        warm = write_made(source, records, tmp_path)
        build(importer_of(source.removesuffix('-clips')), [warm], Videos(tmp_path),
              tmp_path / 'warm')
        for count in (records // 20, records):
            file = write_made(source, count, tmp_path)
            tracemalloc.start()
            built = build(
                importer_of(source.removesuffix('-clips')), [file], Videos(tmp_path),
                tmp_path / f'raw-{count}.json')
            assert count // 4 <= built.records <= count and built.findings
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    finally:
        gc.enable()
    # Caches of fixed size: no hundred bytes a record.
    assert peaks[1] - peaks[0] < 120_000
