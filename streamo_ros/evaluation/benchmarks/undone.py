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

"""What a run has not done yet: done one by one or side by side, each kept when it is done."""

from collections.abc import Callable
from collections.abc import Mapping
from functools import partial
import sys
from typing import Any
from typing import TypeVar

from tqdm import tqdm

from streamo_ros.dialogue import InstructionError
from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.spread import Spread
from streamo_ros.evaluation.spread import spread
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.source_error import SourceError
from streamo_ros.sources.stream_file import DataError

Item = TypeVar('Item')


def do_undone(
    work: Callable[[Item], dict[str, Any]], items: Mapping[str, Item], journal: Journal,
    over: Spread,
) -> dict[str, str]:
    """
    Do what the journal does not have yet, and add what comes of it as it comes.

    The order of the journal's lines is that in which they were done; what they say is the same
    wherever it was done.

    :param work: an item, such as a video and its questions, to the journal's entry of it; as
        ``spread`` takes it
    :param items: by their keys in the journal
    :returns: by key, in the order of the items, why an item was left out: it could not be read, or
        asks what cannot be asked. It is tried again next time
    """
    undone = [(key, item) for key, item in items.items() if key not in journal.entries]
    left_out: dict[str, str] = {}
    done = tqdm(
        spread(partial(_tried, work), undone, over), total=len(undone), unit=' video',
        leave=False, disable=not sys.stderr.isatty())
    for (key, _), found in done:
        if isinstance(found, str):
            left_out[key] = found
        else:
            journal.add(key, found)
    return {key: left_out[key] for key in items if key in left_out}


def _tried(
    work: Callable[[Item], dict[str, Any]], task: tuple[str, Item],
) -> dict[str, Any] | str:
    """Return an entry, or why there is none."""
    try:
        return work(task[1])
    except (DataError, ImageError, InstructionError, SourceError) as error:
        return str(error)
