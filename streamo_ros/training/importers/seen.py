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

"""What was seen already, kept on disk so that memory does not grow with it."""

import hashlib
import json
import sqlite3


class Seen:
    """Values of JSON that came up so far, by their digests."""

    def __init__(self) -> None:
        self._table = sqlite3.connect('')  # a name of nothing: a file that is gone when closed
        self._table.execute('CREATE TABLE seen (digest BLOB PRIMARY KEY) WITHOUT ROWID')

    def again(self, *value: object) -> bool:
        """Return whether a value came up before; it has from now on."""
        text = json.dumps(value, sort_keys=True, default=vars)
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        return not self._table.execute(
            'INSERT OR IGNORE INTO seen VALUES (?)', (digest,)).rowcount
