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

"""What annotations say that a bag contradicts: cameras, times and texts, a sentence each."""

from collections.abc import Iterator

from streamo_ros.annotate.bag_film import BagFilm
from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import InstructionError
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked


def check(annotations: Annotations, film: BagFilm) -> list[str]:
    """
    Return what is wrong; empty when nothing is.

    :param annotations: of this bag alone
    """
    if not annotations.instructions:
        return ['nothing is asked of this bag']
    named = {one.camera for one in annotations.instructions}
    zero = 0 if annotations.absolute else film.first_stamp(named)
    return [
        f'{one.id!r}: {sentence}' for one in annotations.instructions
        for sentence in _troubles(one, film, zero)]


def _troubles(one: Asked, film: BagFilm, zero: int) -> Iterator[str]:
    try:
        clean_instruction(one.text)
    except InstructionError as error:
        yield str(error)
    if one.camera and one.camera not in film.shots:
        yield (f'{one.camera} is no camera with frames here; there are '
               f'{", ".join(sorted(film.shots))}')
        return
    shots = [film.shots[one.camera]] if one.camera else list(film.shots.values())
    first = (min(shot.first for shot in shots) - zero) * 1e-9
    last = (max(shot.last for shot in shots) - zero) * 1e-9
    if one.asked > last:
        yield f'it is asked at {one.asked:.3f} s, and the last frame is of {last:.3f} s'
    if one.events is None:
        yield 'nobody says what happens: give events, [] if nothing does'
        return
    for place, event in enumerate(one.events, 1):
        if event.start < first - 0.001:
            yield (f'event {place} begins at {event.start:.3f} s, before the first frame '
                   f'({first:.3f} s)')
        if event.end > last + 0.001:
            yield (f'event {place} is complete at {event.end:.3f} s, after the last frame '
                   f'({last:.3f} s)')
        if one.events.index(event) < place - 1:
            yield f'event {place} is there twice'
