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

"""The camera that a question names, or means by a place: "in the kitchen"."""

from collections.abc import Callable
from collections.abc import Sequence
import re

from streamo_ros.events.uncertain import UncertainError
from streamo_ros.events.words import tokens

_DONE_TO_CAMERAS = re.compile(
    r'\b(?:cover|covered|knock|knocked|bump|bumped|block|blocked|hit|hidden|tilted|moved|touched|'
    r'dropped|dirty)\b')


class Places:
    """
    Finds the camera that is meant, ``camera``; empty as long as none is.

    :param cameras: those that the log has events of
    :param speaks_of: whether answers besides those of a camera have a name among their words
    """

    def __init__(self, cameras: Sequence[str], speaks_of: Callable[[str, str], bool]) -> None:
        self.camera = ''
        self._speaks_of = speaks_of
        self._names = {camera: spoken_name(camera) for camera in cameras}

    def without_camera(self, words: str) -> str:
        """
        Take a camera out of a question.

        :raises UncertainError: when it is not known which one is meant
        """
        if not re.search(r'\bcameras?\b', words):
            return words
        for camera, spoken in sorted(self._names.items(), key=lambda one: -len(one[0])):
            name = re.escape(spoken or camera)
            pattern = (rf'\b(?:(?:on|at|by|from|in|through|with) )?(?:the )?'
                       rf'(?:{name} camera|camera {name})\b')
            if re.search(pattern, words):
                words = re.sub(pattern, ' ', words, count=1)
                self.camera = camera
                break
        if re.search(r'\bcameras?\b', words) and not _DONE_TO_CAMERAS.search(words):
            raise UncertainError('it is not known which camera is meant')
        return words

    def without_place(self, words: str) -> str:
        """Take "in the kitchen" for the kitchen's camera, if no other one speaks of a kitchen."""
        if self.camera or len(self._names) < 2:
            return words
        named = []
        for camera, name in self._names.items():
            for part in dict.fromkeys((name, name.rpartition(' ')[2])):
                if part and re.search(rf'\b{re.escape(part)}\b', words) and not any(
                        part in other.split() for other in self._names.values() if other != name):
                    named.append((part, camera))
                    break
        if len(named) != 1 or self._speaks_of(*named[0]):
            return words
        name, self.camera = named[0]
        return re.sub(
            rf'\b(?:(?:on|at|by|from|in|into|to|through|via|of|outside|inside) )?'
            rf'(?:(?:the|a|this) )?{re.escape(name)}\b', _kept, words)


def spoken_name(camera: str) -> str:
    """Return a camera's name as people say it: "front door" for ``front_door``."""
    return ' '.join(tokens(camera.replace('/', ' ').replace('_', ' ')))


def _kept(found: 're.Match[str]') -> str:
    """Keep the "in" of "come in the kitchen": it belongs to the verb."""
    words = found[0].split()
    if words[0] in ('into', 'through'):
        return 'in'
    return 'the' if words[0] in ('the', 'a', 'this') else ' '
