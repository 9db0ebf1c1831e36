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

"""The base of the errors that users are told of, in every layer."""


class UserError(Exception):
    """
    What was asked for cannot be done; the text is one sentence that says why, or what would help.

    The command line prints the sentence and ends with code 1. Any other exception is a defect of
    this package and keeps its traceback.
    """


def one_line(text: str) -> str:
    """Return a text as it may be printed: names of files and topics may hold any characters."""
    return ''.join(
        letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
