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
YouCook2: the steps of recipes.

``youcookii_annotations_trainval.json`` is an object::

    {"database": {"GLd3aX16zBg": {"duration": 241.62, "subset": "training", "recipe_type": "113",
                                  "video_url": "...", "annotations": [
        {"id": 0, "segment": [90, 102], "sentence": "spread margarine on two slices of bread"}]}}}

The steps are in order and do not overlap. The file of the test split has no sentences.
"""

from collections.abc import Iterator
from typing import Any

from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import segments
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import key
from streamo_ros.training.importers.importer import members
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.videos import Videos

SOURCE = 'Youcookv2'


def convert(member: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the steps as action captions, narration and latest step, and each one's grounding."""
    record = fields.mapping(member.value, '')
    film = videos.film(
        SOURCE, fields.as_identifier(member.key, 'key'), note, duration=record.get('duration'))
    events = segments(fields.items(record, 'annotations'), 'sentence', film, note)
    yield tasks.action_caption(film, events)
    yield tasks.narration(film, events)
    yield tasks.latest(film, events)
    for event in events:
        yield tasks.grounding(film, event.text, [event])


IMPORTER = Importer(members, convert, key)
