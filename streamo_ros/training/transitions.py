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
States that are supervised: those at which something changes, and a share of the others.

A stream stays mostly as it is, and the changes are what has to be learnt (OneStreamer, arXiv
2610.01762, takes the transitions and 27.5 % of the states).
"""

from dataclasses import replace

import numpy as np

from streamo_ros.sources.stream_file import RecordedStream
from streamo_ros.training.conversation import Conversation
from streamo_ros.training.sequence import IGNORED


def thinned(
    tokens: Conversation, stream: RecordedStream, share: float, random: np.random.Generator
) -> Conversation:
    """
    Return a stream's tokens with only some of its states supervised.

    Those of the first turn and of turns whose state is another than the one before are kept, each
    of the others with the probability ``share``. Words and ends of messages are all kept.
    """
    states = np.asarray([int(turn.state) for turn in stream.turns])
    changes = np.concatenate([[True], states[1:] != states[:-1]])
    dropped = np.flatnonzero(~changes & (random.random(len(states)) >= share))
    supervised = np.flatnonzero(tokens.labels != IGNORED)
    # What the assistant says first in a turn is its state.
    turns, first = np.unique(tokens.turns[supervised], return_index=True)
    labels = tokens.labels.copy()
    labels[supervised[first[np.isin(turns, dropped)]]] = IGNORED
    return replace(tokens, labels=labels)
