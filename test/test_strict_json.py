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

"""JSON of others is read as the standard has it, or refused by a ValueError."""

import pytest

from streamo_ros.strict_json import parse_json


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32-le'])
def test_every_encoding_of_the_standard_is_read(encoding):
    assert parse_json('{"ö": [1, -2.5e3, null, true]}'.encode(encoding)) == {
        'ö': [1, -2500.0, None, True]}


@pytest.mark.parametrize('text', [
    'NaN', '[1, Infinity]', '{"a": -Infinity}', '', '{', '[1] 2', '\xff', '[' * 100_000,
    '{"a":' * 100_000, b'\xff', b'"\x80"'], ids=lambda text: repr(text[:12]))
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):
        parse_json(text)
