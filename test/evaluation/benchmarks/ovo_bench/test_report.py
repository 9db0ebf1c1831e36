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

"""The table of OVO-Bench's figures."""

import json

from ovo_records import one_of_each
from ovo_records import write

from streamo_ros.cli.main import main


def test_the_table_has_a_row_for_each_task_beside_those_who_do_not_look(tmp_path, capsys):
    file = tmp_path / 'given.jsonl'
    file.write_text(''.join(
        json.dumps({'id': record['id'], 'responses': ['B'] * len(record.get('test_info', [0]))})
        + '\n' for record in one_of_each()))
    assert main(['benchmark', 'ovo', str(write(tmp_path, one_of_each())), '--predictions',
                 str(file)]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert rows['OCR'] == ['1/1', '100.00', '0.00', '0.00']
    assert rows['CRR'] == ['5/5', '0.00', '60.00', '40.00']
    assert rows['total'][0] == '66.67'
