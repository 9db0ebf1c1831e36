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

"""JSON that others wrote, read as the standard has it."""

import json
from typing import Any
from typing import NoReturn


def parse_json(text: str | bytes) -> Any:
    """
    Return what a JSON text says.

    :raises ValueError: for what is no JSON, NaN and infinity among it, and for what is nested too
        deep to be read
    """
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text))
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError('it is nested too deep') from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f'{name} is no number in JSON')


# One for all: a decoder is a circle of objects, which is not freed at once.
_DECODER = json.JSONDecoder(parse_constant=_refuse)
