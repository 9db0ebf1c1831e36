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
Which participant sent a goal.

An action's goal does not say who sent it, and rclpy passes on no more of a request than its
number. DDS knows: the request carries the identity of its writer, whose first part names the
participant and is shared by all that one process' context holds, the client's reader of
feedback too. ``rmw_request_id_t`` holds it behind a pybind11 object without an accessor, so it is
read from there, where the object's layout can be recognised; elsewhere nobody is named, and the
goal's client is one of those that were there when it came.
"""

import ctypes
from typing import Any

PREFIX_BYTES = 12
"""Of an endpoint's identity (a DDSI-RTPS GUID, 16 bytes), those that name the participant."""

_GUID_BYTES = 16


class _RequestId(ctypes.Structure):
    """``rmw_request_id_t``, as in rmw/types.h."""

    _fields_ = (('writer_guid', ctypes.c_uint8 * _GUID_BYTES), ('sequence_number', ctypes.c_int64))


def sender(request_id: Any) -> bytes:
    """
    Return the identity of the participant that a request came from, 12 bytes.

    :param request_id: what rclpy takes along with the request
    :returns: empty where it cannot be told
    """
    kind = type(request_id)
    if kind.__name__ != 'rmw_request_id_t' or type(kind).__name__ != 'pybind11_type':
        return b''
    # The value's address is the first thing after the head that all Python objects have.
    address = ctypes.c_void_p.from_address(id(request_id) + object.__basicsize__).value
    if not address:
        return b''
    value = _RequestId.from_address(address)
    if value.sequence_number != request_id.sequence_number:
        return b''  # not what it was taken for
    return bytes(value.writer_guid)[:PREFIX_BYTES]
