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
ONNX Runtime without its telemetry; all of the package imports it through this module.

Since 1.29 its official Linux packages report to their maker by default: about the process, and
the names and hashes of the models that are run (microsoft/onnxruntime#27379). They also leave an
identifier in the user's home. A robot must do neither. The variable is read once, when the library
is loaded.

Left to itself it also starts a thread for each core of the machine, whichever this process may
use, and complains where it cannot pin them: ``session_options`` says how many instead.
"""

import os

from streamo_ros.engine.threads import given_threads

os.environ['ORT_DISABLE_TELEMETRY'] = '1'

import onnxruntime as ort  # noqa: E402

__all__ = ['ort', 'session_options']


def session_options(threads: int = 0) -> ort.SessionOptions:
    """
    Return options of a session that prints no warnings.

    :param threads: at most so many compute; as in ``given_threads``
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = given_threads(threads)
    # Nor may they spin, between ticks or within: the cores are the robot's other processes', too,
    # and where one is shared, a thread that spins holds up the one that it waits for.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    return options
