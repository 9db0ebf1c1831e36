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
Dataclasses read back from the JSON that ``dataclasses.asdict`` made of them.

Every field must be there and of its declared type, so that a damaged file, or one of another
version, is refused where it is read.
"""

from dataclasses import fields
from dataclasses import is_dataclass
from dataclasses import MISSING
import types
import typing
from typing import Any
from typing import TypeVar

_T = TypeVar('_T')


def from_json(kind: type[_T], value: Any) -> _T:
    """
    Return the dataclass that ``dataclasses.asdict`` and JSON made this of.

    A field that was added since then has its default.

    :raises KeyError: when a field without a default is missing
    :raises TypeError: when a value is of another type
    """
    return typing.cast(_T, _from_json(kind, value))


def _from_json(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        if value is None and types.NoneType in arguments:
            return None
        return _from_json(
            next(one for one in arguments if one is not types.NoneType), value)
    if origin is list:
        return [_from_json(arguments[0], one) for one in value]
    if origin is dict:
        return {name: _from_json(arguments[1], one) for name, one in value.items()}
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return typing.cast(Any, kind)(**{
            one.name: _from_json(hints[one.name], value[one.name]) for one in fields(kind)
            if one.name in value or (
                one.default is MISSING and one.default_factory is MISSING)})
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f'{value!r} is not {kind.__name__}')
    return value
