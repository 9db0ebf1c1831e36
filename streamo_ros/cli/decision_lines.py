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

"""Decisions of ``streamo watch`` as lines of JSON."""

import io
import json
from pathlib import Path
from typing import TextIO

from streamo_ros.engine import Decision
from streamo_ros.output import lines_with
from streamo_ros.output import opened

_KEYS = ('stamp', 'camera', 'instruction_id', 'state', 'probabilities', 'text', 'latency_s')
_DATA_KEYS = ('data', 'data_error')


def open_lines(file: str) -> TextIO:
    """
    Return the file that decisions are written to; "-" is the standard output.

    :raises OutputError: when it holds something else, or cannot be written
    """
    target = Path('/dev/stdout' if file == '-' else file)
    plain, with_data = lines_with(*_KEYS), lines_with(*_KEYS, *_DATA_KEYS)
    return io.TextIOWrapper(
        opened(target, lambda head: plain(head) or with_data(head)), encoding='utf-8')


def write_line(
    file: TextIO, camera: str, decision: Decision, latency: float, data: bool = False,
) -> None:
    """
    Write a decision as a line of JSON, at once.

    :param data: whether answers have data
    """
    file.write(json.dumps({
        'stamp': decision.stamp,
        'camera': camera,
        'instruction_id': decision.instruction_id,
        'state': decision.state.name.lower(),
        'probabilities': [round(share, 6) for share in decision.probabilities],
        'text': decision.text,
        'latency_s': round(latency, 6),
        **({'data': json.loads(decision.data) if decision.data else None,
            'data_error': decision.data_error} if data else {}),
    }, ensure_ascii=False, allow_nan=False) + '\n')
    file.flush()
