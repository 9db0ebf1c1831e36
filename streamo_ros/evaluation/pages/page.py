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
One self-contained page of HTML: ``page.html`` with its data put in.

Texts in the data come from bags and models, so nothing in them may end the script they stand in,
and should a text find another way, the page's policy runs no script but its own and loads nothing.
"""

import base64
import hashlib
import json
from pathlib import Path
import re
from typing import Any

_TEMPLATE = Path(__file__).parent / 'page.html'
_MARKUP = {character: f'\\u{ord(character):04x}' for character in '<>&'}


def made_here(head: bytes) -> bool:
    """Recognise a page that ``page`` made by the first bytes of its file."""
    return b'Made by `streamo evaluate`.' in head[:1000]


def page(data: dict[str, Any]) -> str:
    """
    Return the page that shows this.

    :param data: ``title``, ``subtitle``, ``notes``, ``runs`` (names), ``before`` and ``after``
        (sections of tables and lists), ``streams`` (see ``timeline``)
    """
    template = _TEMPLATE.read_text(encoding='utf-8')
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:"
    for kind in ('style', 'script'):
        found = re.search(f'<{kind}>(.*?)</{kind}>', template, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        policy += f"; {kind}-src 'sha256-{digest}'"
    # In ASCII: half a surrogate pair in a text must not make a file that cannot be written.
    text = json.dumps(data, separators=(',', ':'), allow_nan=False)
    for character, escaped in _MARKUP.items():
        text = text.replace(character, escaped)
    return template.replace('%policy%', policy, 1).replace('%data%', text, 1)
