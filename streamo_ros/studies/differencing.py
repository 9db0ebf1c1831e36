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
Frame differencing: a baseline without a model for the nine sentry skills.

It is given the skill, reads no words, and compares each frame with the one before. A jump of
brightness is the light. A jump of fine detail, with nothing of the old picture left, is the cover.
A picture that fits better when shifted is a moved camera. Changed pixels are motion, and changed
pixels at the border are something that comes or goes.

Its thresholds were tuned on the worlds' validation split, never on the test split nor on film;
``streamo study differencing`` tunes them again.
"""

import argparse
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
import math

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.metrics.events import EventScore
from streamo_ros.metrics.events import match
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.streams import draw_stream

_SIDE = 112  # pixels of the longer side that frames are compared at: nano's own
_BORDER = 0.05  # of the frame's height and width: the band in which things come and go


@dataclass(frozen=True)
class Change:
    """
    What differs between two frames that follow one another.

    :param brightness: logarithm of the ratio of mean brightnesses, after to before
    :param detail: the same of the mean strength of fine detail
    :param shift: how far the picture moved as a whole, of its longer side
    :param fit: correlation of the two once the shift is undone, -1..1
    :param plain_fit: the same with the shift left in
    :param difference: mean difference of the pixels, in levels of 0..255
    :param motion: share of all pixels that changed
    :param border: share of the pixels along the border that changed
    :param inside: share of the other pixels that changed
    """

    brightness: float
    detail: float
    shift: float
    fit: float
    plain_fit: float
    difference: float
    motion: float
    border: float
    inside: float


def reduced(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return an (H, W, 3) RGB frame as the small grey picture that is compared, 0..255."""
    scale = _SIDE / max(frame.shape[:2])
    size = max(8, round(frame.shape[1] * scale)), max(8, round(frame.shape[0] * scale))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (3, 3), 0))


def measure(before: NDArray[np.float32], after: NDArray[np.float32]) -> Change:
    """Compare two reduced frames of one size."""
    means = float(before.mean()) + 4, float(after.mean()) + 4
    window = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(_standard(before), _standard(after), window)
    undone = cv2.warpAffine(
        after, np.array([[1, 0, -right], [0, 1, -down]], np.float32), before.shape[::-1],
        borderMode=cv2.BORDER_REPLICATE)
    # A brighter exposure is no motion, nor is noise, which most pixels show.
    differs = np.abs(after * (means[0] / means[1]) - before)
    changed = differs > 8 + 4 * float(np.median(differs))
    changed = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2))) > 0
    rows, columns = (max(2, round(_BORDER * length)) for length in before.shape)
    border = np.ones_like(changed)
    border[rows:-rows, columns:-columns] = False
    return Change(
        brightness=math.log(means[1] / means[0]),
        detail=math.log((_detail(after) + 0.3) / (_detail(before) + 0.3)),
        shift=math.hypot(right, down) / max(before.shape),
        fit=_fit(before, undone), plain_fit=_fit(before, after),
        difference=float(differs.mean()), motion=float(changed.mean()),
        border=float(changed[border].mean()), inside=float(changed[~border].mean()))


def _standard(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return (picture - picture.mean()) / (picture.std() + 1)


def _fit(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float((_standard(one) * _standard(other)).mean())


def _detail(picture: NDArray[np.float32]) -> float:
    return float(np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean())


@dataclass(frozen=True)
class Thresholds:
    """
    The limits from which a change counts, in the units of ``Change``.

    :param light: jump of brightness
    :param cover: jump of detail, if the two fit worse than ``unlike``; else it is the light's
    :param shift: shift of a moved camera, if undoing it makes the two fit better by ``gain``
    :param strange: fit under which the picture is another one: the camera moved far
    :param differs: difference under which the camera did not move
    :param moves: share of changed pixels from which something moves
    :param still: share under which nothing does
    :param crosses: share of changed pixels of the border from which something crosses it
    :param within: share of changed pixels inside from which something moves there
    """

    light: float = 0.7
    cover: float = 0.26
    unlike: float = 0.4
    shift: float = 0.0094
    gain: float = 0.0216
    strange: float = 0.572
    differs: float = 2.6
    moves: float = 0.0075
    still: float = 0.0036
    crosses: float = 0.02
    within: float = 0.0064


class Differencing:
    """The baseline on one stream: one frame in, one state per sentry skill out."""

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self._thresholds = thresholds or Thresholds()
        self._before: NDArray[np.float32] | None = None
        self._light = _Jumps()
        self._cover = _Jumps()
        self._camera_moves = False
        self._moving: bool | None = None
        self._inside = False  # whether something moved there one tick ago
        self._inside_share = 0.0  # how much did, before the border was crossed
        self._crossed = False  # whether something crossed the border one tick ago
        self._comes = False  # whether it came from outside
        self._reported = False  # whether that was reported

    def step(self, frame: NDArray[np.uint8]) -> dict[str, State]:
        """Take the next (H, W, 3) RGB frame and decide about every skill."""
        small, before = reduced(frame), self._before
        self._before = small
        if before is None:
            return dict.fromkeys(SKILLS, State.SILENCE)
        return self.decide(measure(before, small))

    def decide(self, change: Change) -> dict[str, State]:
        """Decide on the next frame from how it differs from the one before."""
        states = dict.fromkeys(SKILLS, State.SILENCE)
        limits = self._thresholds
        cover = self._cover.step(change.detail, limits.cover)
        light = self._light.step(change.brightness, limits.light)
        if cover and change.fit < limits.unlike:
            states['uncover' if cover > 0 else 'cover'] = State.RESPONSE
        elif light:
            states['light_on' if light > 0 else 'light_off'] = State.RESPONSE
        if self._cover.settling or self._light.settling:
            self._camera_moves = False
            return states
        # Where hardly a pixel changed, as under a cover, fit and shift are those of noise.
        shifted = change.difference > limits.differs and (
            change.shift > limits.shift and change.fit - change.plain_fit > limits.gain
            or change.fit < limits.strange)
        if shifted:
            states['move'] = State.STANDBY
            self._camera_moves = True
            return states
        if self._camera_moves:
            self._camera_moves = False
            states['move'] = State.RESPONSE
        self._motion(change, states)
        self._crossing(change, states)
        return states

    def _motion(self, change: Change, states: dict[str, State]) -> None:
        if change.motion > self._thresholds.moves:
            if self._moving is False:
                states['start'] = State.RESPONSE
            self._moving = True
        elif change.motion < self._thresholds.still:
            if self._moving:
                states['stop'] = State.RESPONSE
            self._moving = False
        if self._moving:
            states['stop'] = State.STANDBY

    def _crossing(self, change: Change, states: dict[str, State]) -> None:
        """Decide on enter and leave: an object comes in if nothing moved inside before."""
        inside = change.inside > self._thresholds.within
        crosses = change.border > self._thresholds.crosses
        if crosses and not self._crossed:
            self._comes = not self._inside
            self._reported = False
        if self._comes:
            # Two ticks of motion inside, or one that has left the border: it is in.
            if inside and not self._reported and (self._inside if crosses else self._crossed):
                states['enter'] = State.RESPONSE
                self._reported = True
            elif crosses and not self._reported:
                states['enter'] = State.STANDBY
        elif crosses:
            states['leave'] = State.STANDBY
        elif self._crossed and change.inside < self._inside_share:
            states['leave'] = State.RESPONSE
        self._crossed, self._inside = crosses, inside
        if not crosses:
            self._inside_share = change.inside


class _Jumps:
    """Finds jumps of a quantity that is given by its logarithmic changes."""

    def __init__(self) -> None:
        self._pending = 0.0
        self._sign = 0
        self.settling = False

    def step(self, change: float, limit: float) -> int:
        """Return 1 or -1 at a jump up or down, else 0; a jump may take two ticks."""
        total = self._pending + change if self._pending * change > 0 else change
        if self.settling and total * self._sign > -limit:
            self.settling = False  # the rest of the same jump
            self._pending = 0.0
            return 0
        self.settling = abs(total) > limit
        self._pending = 0.0 if self.settling else change
        self._sign = 1 if total > 0 else -1
        return self._sign if self.settling else 0


@dataclass(frozen=True)
class Asked:
    """What tuning and scoring need of one stream: how frames differ, and what was asked."""

    changes: tuple[Change, ...]
    questions: tuple[Question, ...]


def combined(states: Mapping[str, State], skills: Sequence[str]) -> State:
    """Return the state of an instruction that asks for some skills: the most of theirs."""
    return max(states[skill] for skill in skills)


def decisions(changes: Sequence[Change], thresholds: Thresholds) -> list[dict[str, State]]:
    """Return the states at every tick of a stream, the first one's included."""
    differencing = Differencing(thresholds)
    return [dict.fromkeys(SKILLS, State.SILENCE), *map(differencing.decide, changes)]


def score(streams: Sequence[Asked], thresholds: Thresholds) -> dict[str, EventScore]:
    """Return the event score by skill, counted as in ``streamo study scores``."""
    found: dict[str, EventScore] = {}
    for stream in streams:
        states = decisions(stream.changes, thresholds)
        for question in stream.questions:
            skills = tuple(question.skill.split('/'))
            due = [
                at for at, truth in enumerate(question.right) if truth.state is State.RESPONSE]
            said = [
                at for at, state in enumerate(states)
                if combined(state, skills) is State.RESPONSE]
            found[question.skill] = found.get(question.skill, EventScore()) + EventScore(
                len(due), len(said), len(match(due, said, tolerance=1)))
    return found


def validation_streams(count: int, seed: int) -> list[Asked]:
    """Draw streams of the sentry's validation split and measure them; 30 ticks, 3 questions."""
    streams = []
    for index in tqdm(range(count), unit=' stream'):
        rng = np.random.default_rng([seed, index])
        stream = draw_stream(rng, split='validation', turns=30, questions=3, world='sentry')
        frames = [reduced(frame) for frame in stream.frames]
        streams.append(Asked(
            tuple(measure(*pair) for pair in zip(frames, frames[1:])),
            tuple(asked for asked in stream.questions if asked.task == 'event_caption')))
    return streams


def tune(streams: Sequence[Asked], start: Thresholds, rounds: int = 3) -> Thresholds:
    """Return the thresholds of best event F1 over all skills, searched one after another."""
    def f1(thresholds: Thresholds) -> float:
        return sum(score(streams, thresholds).values(), EventScore()).f1

    best, found = start, f1(start)
    for _ in tqdm(range(rounds), unit=' round'):
        before = best
        for name, value in asdict(best).items():
            for factor in (0.4, 0.6, 0.75, 0.9, 1.1, 1.3, 1.6, 2.2):
                tried = replace(best, **{name: round(value * factor, 4)})
                if (reached := f1(tried)) > found:
                    best, found = tried, reached
        if best == before:
            break
    return best


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('--streams', type=positive_count, default=300)
    parser.add_argument('--seed', type=count, default=7)


def main(options: argparse.Namespace) -> None:
    """Tune the thresholds and print them, with the event F1 before and after."""
    streams = validation_streams(options.streams, options.seed)
    tuned = tune(streams, Thresholds())
    for title, thresholds in (('as committed', Thresholds()), ('tuned', tuned)):
        total = sum(score(streams, thresholds).values(), EventScore())
        print(f'{title:14} event F1 {total.f1:.3f}  {thresholds}')
