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
The truth of a plan: its events, and the skills whose truth is ambiguous in it.

Truth is taken from the plan, not from pixels, and is exact in time. What a careful person could
judge either way is not an event with a guess but makes its skill unclear for the stream.
"""

from collections.abc import Callable
from dataclasses import dataclass
import math

from streamo_ros.worlds.script import Actor
from streamo_ros.worlds.script import Plan
from streamo_ros.worlds.script import STILL
from streamo_ros.worlds.tracks import displacement
from streamo_ros.worlds.tracks import Pose
from streamo_ros.worlds.tracks import Segment
from streamo_ros.worlds.tracks import View

SKILLS = ('start', 'stop', 'enter', 'leave', 'light_off', 'light_on', 'cover', 'uncover', 'move')

SEEN = 0.025
"""Displacement, in frame widths, from which motion is plain to see at 112 pixels."""

SETTLE = 0.5
"""Seconds of stillness after which motion counts as over."""

_FIRST, _MOST = 0.10, 0.70  # visible shares between which a thing is entering or leaving
_GONE = 0.02  # visible share under which its motion is over
_TICK = 1.1  # seconds: the longest time between two frames that the truth must survive
_STEP = 0.05


@dataclass(frozen=True)
class Event:
    """
    One thing that happened.

    :param skill: one of SKILLS
    :param start: second of the first visible sign
    :param end: second from which it is complete and visible; beyond the stream (or infinite) when
        the stream ends first
    :param settled: for what is known from stillness alone ('stop', 'move'): both frames of the
        pair must lie after this second; None for the rest
    :param name: of the thing that entered or left, where it has one
    """

    skill: str
    start: float
    end: float
    settled: float | None = None
    name: str = ''

    @property
    def faint(self) -> bool:
        """Say whether it moves, until its end, by less than can be seen."""
        return self.skill == 'start'


def box(actor: Actor, pose: Pose, view: View, aspect: float) -> tuple[float, float, float, float]:
    """Give left, top, right, bottom of a thing in the frame; 0..1 of its width and height."""
    cosine, sine = math.cos(view.roll), math.sin(view.roll)
    dx, dy = pose.x - view.x, pose.y - pose.size * (0.5 + pose.lift) - view.y
    x = view.zoom * (cosine * dx + sine * dy) / aspect + 0.5
    y = view.zoom * (cosine * dy - sine * dx) + 0.5
    half_x = view.zoom * pose.size * actor.figure.width * 0.5 / aspect
    half_y = view.zoom * pose.size * 0.5
    return x - half_x, y - half_y, x + half_x, y + half_y


def visible_share(actor: Actor, pose: Pose, view: View, aspect: float) -> float:
    """Give how much of a thing lies within the frame, 0..1 of what can be seen of it at most."""
    left, top, right, bottom = box(actor, pose, view, aspect)
    rows = (min(bottom, 1.0) - max(top, 0.0)) / (bottom - top) / actor.cut
    first = max(0.0, -left / (right - left))
    last = min(1.0, (1.0 - left) / (right - left))
    if rows <= 0 or last <= first:
        return 0.0
    if actor.figure.kind not in ('box', 'car', 'robot'):  # most of it is in its middle
        first, last = first * first * (3 - 2 * first), last * last * (3 - 2 * last)
    return min(rows, 1.0) * (last - first)


def occluded(plan: Plan, actor: Actor, time: float) -> bool:
    """Say whether a nearer thing hides most of what is visible of one."""
    pose = actor.track.pose(time)
    if pose is None:
        return False
    view = plan.view(time)
    mine = _clipped(box(actor, pose, view, plan.aspect))
    for other in plan.actors:
        theirs = other.track.pose(time) if other is not actor else None
        if theirs is None or theirs.y < pose.y:
            continue
        over = _clipped(box(other, theirs, view, plan.aspect))
        wide = min(mine[2], over[2]) - max(mine[0], over[0])
        high = min(mine[3], over[3]) - max(mine[1], over[1])
        if wide > 0 and high > 0 and wide * high > 0.5 * (
                (mine[2] - mine[0]) * (mine[3] - mine[1])):
            return True
    return False


def label(plan: Plan, seconds: float) -> tuple[tuple[Event, ...], frozenset[str]]:
    """
    Give the events of a plan, by their end, and the skills whose truth is ambiguous.

    :param seconds: length of the stream; what begins after it is no event of it
    """
    return _Labels(plan, seconds).result()


class _Labels:

    def __init__(self, plan: Plan, seconds: float) -> None:
        self._plan = plan
        self._seconds = seconds
        self._events: list[Event] = []
        self._unclear: set[str] = set()
        self._hidden = self._hidden_times()

    def result(self) -> tuple[tuple[Event, ...], frozenset[str]]:
        self._light_and_cover()
        self._camera()
        motions: list[tuple[float, float, Actor]] = []
        for actor in self._plan.actors:
            motions += self._follow(actor)
        self._motion(sorted(motions, key=lambda motion: motion[:2]))
        self._crossings()
        kept = [event for event in self._events if event.start < self._seconds and event.end > 0]
        for event in kept:
            if event.skill != 'stop' and event.start < _TICK:
                self._unclear.add(event.skill)
        return tuple(sorted(kept, key=lambda event: event.end)), frozenset(self._unclear)

    # -- what hides the rest -----------------------------------------------------------------

    def _hidden_times(self) -> list[tuple[float, float, str]]:
        plan = self._plan
        hidden = []
        for name, ramps, first, free in (
                ('light', plan.light, plan.light_first, 1.0),
                ('cover', plan.cover, plan.cover_first, 0.0)):
            since = -math.inf if first != free else None
            for ramp in ramps:
                if ramp.after != free:
                    since = ramp.start
                elif since is not None:
                    hidden.append((since, ramp.end, name))
                    since = None
            if since is not None:
                hidden.append((since, math.inf, name))
        hidden += [(turn.start, turn.end + SETTLE, 'move') for turn in plan.turns]
        return hidden

    def _is_hidden(self, start: float, end: float, but: str = '') -> bool:
        return any(
            since <= end and start <= until
            for since, until, name in self._hidden if name != but and since < self._seconds)

    def _light_and_cover(self) -> None:
        for name, ramps, up, down in (
                ('light', self._plan.light, 'light_on', 'light_off'),
                ('cover', self._plan.cover, 'cover', 'uncover')):
            for ramp in ramps:
                skill = up if ramp.after > ramp.before else down
                self._events.append(Event(skill, ramp.start, ramp.end))
                if self._is_hidden(ramp.start - _TICK, ramp.end + _TICK, name):
                    self._unclear |= {up, down}

    def _camera(self) -> None:
        for turn in self._plan.turns:
            self._events.append(Event('move', turn.start, turn.end + SETTLE, turn.end))
            if self._is_hidden(turn.start - _TICK, turn.end + _TICK, 'move'):
                self._unclear.add('move')
            for actor in self._plan.actors:
                pose = actor.track.pose(turn.start)
                after = actor.track.pose(turn.end)
                if pose is None or after is None:
                    continue
                shares = [
                    visible_share(actor, pose, view, self._plan.aspect)
                    for view in (turn.before, turn.after)]
                if min(shares) < _MOST and max(shares) > _GONE:
                    self._unclear |= {'enter', 'leave'}

    # -- things ------------------------------------------------------------------------------

    def _share(self, actor: Actor, time: float) -> float:
        pose = actor.track.pose(time)
        if pose is None:
            return 0.0
        view = self._plan.view(time)
        return visible_share(actor, pose, view, self._plan.aspect)

    def _follow(self, actor: Actor) -> list[tuple[float, float, Actor]]:
        """Note the entering and leaving of a thing; give the times when it visibly moves."""
        motions = []
        for segment in actor.track.segments:
            if segment.start > self._seconds:
                break
            motions += self._follow_segment(actor, segment)
        return motions

    def _follow_segment(
        self, actor: Actor, segment: Segment,
    ) -> list[tuple[float, float, Actor]]:
        def share(time: float) -> float:
            return self._share(actor, time)

        motions = []
        last = 0.0 if segment.appears else share(segment.start)
        since = segment.start if last >= _FIRST else None
        state = 'in' if last >= _MOST else 'out' if last < _FIRST else 'between'
        began = segment.start
        if state == 'between':
            self._unclear |= {'enter', 'leave'}
        before = segment.start
        count = max(int((segment.end - segment.start) / _STEP), 4)
        for number in range(1, count + 1):
            time = segment.start + (segment.end - segment.start) * number / count
            if number == count:
                now = 0.0 if segment.hides else share(segment.end)
            else:
                now = share(time)
            if since is None and now >= _FIRST:
                since = _crossing(share, before, time, _FIRST)
            elif since is not None and now < _GONE:
                motions.append((since, _crossing(share, before, time, _GONE), actor))
                since = None
            if state == 'out' and now >= _FIRST:
                state, began = 'entering', _crossing(share, before, time, _FIRST)
            if state == 'entering' and now >= _MOST:
                state = 'in'
                self._note('enter', began, _crossing(share, before, time, _MOST), actor)
            elif state == 'entering' and now < _FIRST:
                state = 'out'
                self._unclear.add('enter')
            if state == 'in' and now < _MOST:
                state, began = 'leaving', _crossing(share, before, time, _MOST)
            if state == 'leaving' and now < _FIRST:
                state = 'out'
                self._note('leave', began, _crossing(share, before, time, _FIRST), actor)
            elif state == 'leaving' and now >= _MOST:
                state = 'in'
                self._unclear.add('leave')
            before, last = time, now
        if since is not None:
            motions.append((since, segment.end, actor))
        if state in ('entering', 'leaving'):
            self._unclear |= {'enter', 'leave'}
        return motions

    def _note(self, skill: str, start: float, end: float, actor: Actor) -> None:
        self._events.append(Event(skill, start, end, name=actor.figure.name))
        if start < 0 < end or any(
                occluded(self._plan, actor, time) for time in (start, end)):
            self._unclear.add(skill)

    def _crossings(self) -> None:
        """Find entering and leaving that cannot be told from one another or cannot be seen."""
        for skill in ('enter', 'leave'):
            own = sorted(
                (event for event in self._events if event.skill == skill),
                key=lambda event: event.start)
            for event in own:
                if self._is_hidden(event.start - _TICK, event.end + _TICK):
                    self._unclear |= {'enter', 'leave'}
            for one, other in zip(own, own[1:], strict=False):
                if other.start < one.end + _TICK and one.end > 0:
                    self._unclear.add(skill)

    def _motion(self, motions: list[tuple[float, float, Actor]]) -> None:
        """Turn the visible motion of all things into starts and stops."""
        merged: list[tuple[float, float, list[tuple[float, float, Actor]]]] = []
        for motion in motions:
            if merged and motion[0] <= merged[-1][1] + 0.05:
                start, end, parts = merged[-1]
                merged[-1] = start, max(end, motion[1]), [*parts, motion]
            else:
                merged.append((motion[0], motion[1], [motion]))
        before = -math.inf
        for start, end, parts in merged:
            if start >= self._seconds or end <= 0:
                before = end
                continue
            short = before > 0 and start - before < STILL - 0.1
            if (short or 0 < start < _TICK or end < 2 * _TICK
                    or self._is_hidden(start - _TICK, end + SETTLE + _TICK)):
                self._unclear |= {'start', 'stop'}
            before = end
            self._events.append(Event('stop', max(start, 0.0), end + SETTLE, end))
            if start > 0:
                seen = self._seen(start, end, parts)
                if seen is None or occluded(self._plan, parts[0][2], start):
                    self._unclear.add('start')
                if seen is not None:
                    self._events.append(Event('start', start, seen))

    def _seen(
        self, start: float, end: float, parts: list[tuple[float, float, Actor]],
    ) -> float | None:
        """Give when motion that began at `start` has become plain to see."""
        first = {
            index: (since, part.track.pose(since))
            for index, (since, _, part) in enumerate(parts)}
        time = start
        while time < end:
            time = min(time + 0.02, end)
            for index, (since, until, actor) in enumerate(parts):
                origin = first[index][1]
                pose = actor.track.pose(time)
                if origin is None or pose is None or not since < time <= until:
                    continue
                if displacement(
                        origin, pose, self._plan.aspect, actor.figure.articulated) >= SEEN:
                    return time
        return None


def _clipped(frame: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = frame
    return max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0)


def _crossing(
    share: Callable[[float], float], before: float, after: float, threshold: float,
) -> float:
    """Find when the share crosses a threshold; the later side of the last bracket."""
    above = share(after) >= threshold
    for _ in range(6):
        middle = 0.5 * (before + after)
        if (share(middle) >= threshold) == above:
            after = middle
        else:
            before = middle
    return after
