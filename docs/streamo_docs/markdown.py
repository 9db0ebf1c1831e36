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

"""Markdown of plain text, and tables of it."""

from collections.abc import Iterable
from collections.abc import Sequence
import re

_NAMES = r'(~/\w+|[\w/]*[A-Za-z]_\w[\w/]*)'


def escape(text: str) -> str:
    """Return Markdown of plain text; names of fields and topics in it are set as code."""
    parts = re.split(_NAMES, text)
    return ''.join(
        f'`{part}`' if place % 2 else re.sub(r'([\\`*<>\[\]|])', r'\\\1', part)
        for place, part in enumerate(parts))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [columns, ['---'] * len(columns), *rows]
    return '\n'.join('| ' + ' | '.join(str(cell) for cell in line) + ' |' for line in lines) + '\n'


def definition(term: str, *paragraphs: str) -> str:
    """Return one entry of a definition list; terms and paragraphs are Markdown already."""
    body = '\n\n'.join(paragraph for paragraph in paragraphs if paragraph)
    return f'{term}\n: ' + body.replace('\n', '\n  ') + '\n'
