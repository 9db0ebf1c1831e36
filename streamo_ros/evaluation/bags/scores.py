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
Decisions about bags held against what is true, and what trivial watchers would have scored.

An answer is due at the end of its event, or when it was asked for if that is later; answers and
events are paired once, closest first, up to the widest tolerance, and that pairing holds for the
narrower ones. At a tick, Response is right at the first one at which an answer is due, Standby
from the first sign of an event until then. After a jump back in time nothing is scored: the truth
speaks of the first time round.
"""

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from functools import partial
import math

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import State
from streamo_ros.evaluation.bags.report_data import Answer
from streamo_ros.evaluation.bags.report_data import AnswerScores
from streamo_ros.evaluation.bags.report_data import Bag
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.evaluation.bags.report_data import DelayScores
from streamo_ros.evaluation.bags.report_data import Event
from streamo_ros.evaluation.bags.report_data import EventScores
from streamo_ros.evaluation.bags.report_data import Figure
from streamo_ros.evaluation.bags.report_data import Group
from streamo_ros.evaluation.bags.report_data import Instruction
from streamo_ros.evaluation.bags.report_data import Notice
from streamo_ros.evaluation.bags.report_data import Scored
from streamo_ros.evaluation.bags.report_data import Scores
from streamo_ros.evaluation.bags.report_data import StateScores
from streamo_ros.evaluation.tally import intersection_over_union
from streamo_ros.evaluation.tally import overlap
from streamo_ros.evaluation.tally import Tally
from streamo_ros.metrics.events import EventScore
from streamo_ros.metrics.events import match
from streamo_ros.metrics.intervals import draw
from streamo_ros.metrics.intervals import interval
from streamo_ros.metrics.intervals import quantile
from streamo_ros.metrics.wording import Judge
from streamo_ros.metrics.wording import normalised
from streamo_ros.metrics.wording import option_letter
from streamo_ros.sources.bag_annotation import Expected

TOLERANCES_S = (1.0, 2.0, 3.0)
"""The widest is Streamo-Bench's (paper, section 5.4)."""

BLOCK_S = 30.0
MANY_BAGS = 10
"""From so many bags on, intervals are drawn over bags, else over blocks of them."""

Unit = tuple[str, int]
Tallies = dict[Unit, Tally]


def hold_against_truth(
    camera: Camera, found: Instruction, expected: Sequence[Expected], offset: float,
) -> None:
    """
    Fill in an instruction's events and right states, and which answer met which event.

    :param offset: to be taken from the expected seconds, for stamps of the report
    """
    stamps = _stamps(camera, found)
    scored = _first_time_round(camera)[found.first_tick:found.first_tick + len(stamps)]
    asked = stamps[0] if stamps else math.inf
    last = max((stamp for stamp, counts in zip(stamps, scored, strict=True) if counts),
               default=-math.inf)
    found.events = []
    left_out = 0
    for one in sorted(expected, key=lambda one: (one.end, one.start)):
        start, end = round(one.start - offset, 9), round(one.end - offset, 9)
        if max(end, asked) > last:
            left_out += 1  # nobody could answer it any more
            continue
        found.events.append(Event(start, end, one.answer))
    if left_out:
        _notice(camera, 'events without end', left_out, f'{found.id!r} has an event that ends '
                'after its last tick: it is not scored')
    right: list[int | None] = [int(State.SILENCE) if counts else None for counts in scored]
    for event in found.events:
        due = next(index for index, stamp in enumerate(stamps)
                   if scored[index] and stamp >= event.end)
        for index in range(due):
            if right[index] == State.SILENCE and stamps[index] >= event.start:
                right[index] = int(State.STANDBY)
        right[due] = int(State.RESPONSE)
    found.true_states = right
    answers = [one for one in found.answers
               if scored[one.tick - found.first_tick]]
    for which, place in _pairs(found.events, asked, answers):
        event, answer = found.events[which], answers[place]
        event.met_by = next(
            index for index, other in enumerate(found.answers) if other is answer)
        answer.event = which
        answer.delay = round(answer.stamp - max(event.end, asked), 9)
        if event.answer:
            answer.right = normalised(answer.text) == normalised(event.answer)


def _notice(camera: Camera, kind: str, count: int, sentence: str) -> None:
    for notice in camera.notices:
        if notice.kind == kind:
            notice.count += count
            return
    camera.notices.append(Notice(kind, count, sentence))


def _stamps(camera: Camera, found: Instruction) -> list[float]:
    return camera.ticks.stamps[found.first_tick:found.first_tick + len(found.states)]


def _first_time_round(camera: Camera) -> list[bool]:
    """Say of each tick whether time has not been there before."""
    flags, newest = [], -math.inf
    for stamp in camera.ticks.stamps:
        flags.append(stamp > newest)
        newest = max(newest, stamp)
    return flags


def _pairs(
    events: Sequence[Event], asked: float, answers: Sequence[Answer],
) -> list[tuple[int, int]]:
    return match(
        [round(max(event.end, asked) * 1e9) for event in events],
        [round(answer.stamp * 1e9) for answer in answers],
        tolerance=round(TOLERANCES_S[-1] * 1e9))


def tallies(
    bag: str, camera: Camera, found: Instruction, states: Sequence[int],
    answers: Sequence[Answer], fps: float, by_bag: bool, judge: Judge | None = None,
) -> Tallies:
    """
    Count what one watcher decided about an instruction whose truth is known, by unit.

    :param states: one a tick of the instruction
    :param fps: ticks per second of watching
    :param by_bag: whether a unit is the bag, or a block of it
    """
    assert found.events is not None and found.true_states is not None
    counted: Tallies = defaultdict(Tally)

    def unit(stamp: float) -> Tally:
        return counted[bag, 0 if by_bag else int(max(stamp, 0.0) // BLOCK_S)]

    stamps = _stamps(camera, found)
    for stamp, right, state in zip(stamps, found.true_states, states, strict=True):
        if right is not None:
            tally = unit(stamp)
            tally.confusion[right, state] += 1
            tally.seconds += 1 / fps
    given = [one for one in answers
             if found.true_states[one.tick - found.first_tick] is not None]
    asked = stamps[0] if stamps else math.inf
    met_by = dict(_pairs(found.events, asked, given))
    false = set(range(len(given))) - set(met_by.values())
    for place in false:
        unit(given[place].stamp).events += EventScore(said=1)
    for place, event in enumerate(found.events):
        due = max(event.end, asked)
        tally = unit(due)
        answer = given[met_by[place]] if place in met_by else None
        tally.events += EventScore(true=1, said=int(bool(answer)), hits=int(bool(answer)))
        if event.end > event.start:
            tally.spans.append(intersection_over_union(
                (answer.started, answer.stamp), (event.start, event.end)) if answer else 0.0)
        if found.task == 'grounding':
            tally.overlaps.append(max(
                (overlap(one.text, event.answer) for one in given), default=0.0))
        if answer:
            tally.delays.append(round(answer.stamp - due, 9))
            _compare(tally, found.text, event.answer, answer.text, judge)
    return dict(counted)


def _compare(tally: Tally, instruction: str, right: str, said: str, judge: Judge | None) -> None:
    if not right:
        return
    tally.worded += 1
    tally.right_words += said.strip() == right.strip()
    tally.normalised_words += normalised(said) == normalised(right)
    letter = option_letter(right)
    if letter:
        tally.letters += 1
        tally.right_letters += option_letter(said) == letter
    if judge:
        tally.marks.append(judge.mark(instruction, right, said))


def always(camera: Camera, found: Instruction, state: State) -> tuple[list[int], list[Answer]]:
    """Return the decisions of who is always in one state, without words."""
    states = [int(state)] * len(found.states)
    answers: list[Answer] = []
    if state is State.RESPONSE:
        answers = [
            Answer(found.first_tick + index, stamp, stamp, '', True, 1.0)
            for index, stamp in enumerate(_stamps(camera, found))]
    return states, answers


@dataclass
class _Watchers:
    """The tallies of the checkpoint and of the trivial watchers beside."""

    model: Tallies = field(default_factory=lambda: defaultdict(Tally))
    silent: Tallies = field(default_factory=lambda: defaultdict(Tally))
    majority: Tallies = field(default_factory=lambda: defaultdict(Tally))
    response: Tallies = field(default_factory=lambda: defaultdict(Tally))

    def __iadd__(self, other: '_Watchers') -> '_Watchers':
        for mine, more in ((self.model, other.model), (self.silent, other.silent),
                           (self.majority, other.majority), (self.response, other.response)):
            for unit, tally in more.items():
                mine[unit] += tally
        return self

    def scored(self, seed: int) -> Scored:
        return Scored(
            len(self.model), scores(self.model, seed), {
                'always_silent': scores(self.silent, seed),
                'majority_state': scores(self.majority, seed),
                'always_response': scores(self.response, seed)})


def score(
    bags: Iterable[Bag], fps: float, seed: int, judge: Judge | None = None,
) -> list[Group]:
    """
    Score the instructions whose truth is known, each (``scored``) and in groups.

    :param bags: after ``hold_against_truth``
    :param fps: ticks per second of watching
    :param seed: of the intervals
    """
    bags = list(bags)
    by_bag = _unit_is_bag(bags)
    known = [
        (bag, camera, found) for bag in bags for camera in bag.cameras
        for found in camera.instructions if found.events is not None and found.states]
    majorities = _majorities(found for _, _, found in known)
    groups: dict[tuple[str, str], _Watchers] = defaultdict(_Watchers)
    for bag, camera, found in known:
        count = partial(tallies, bag.name, camera, found, fps=fps, by_bag=by_bag)
        watchers = _Watchers(
            count(found.states, found.answers, judge=judge),
            count(*always(camera, found, State.SILENCE)),
            count(*always(camera, found, majorities[_skill(found)])),
            count(*always(camera, found, State.RESPONSE)))
        found.scored = watchers.scored(seed)
        for kind, name in (('all', ''), ('task', found.task), ('skill', found.skill),
                           ('instruction', found.text), ('bag', bag.name)):
            if name or kind == 'all':
                groups[kind, name] += watchers
    kinds = ('all', 'task', 'skill', 'instruction', 'bag')
    return [
        Group(kind, name, groups[kind, name].scored(seed))
        for kind, name in sorted(groups, key=lambda key: (kinds.index(key[0]), key[1]))]


def interval_unit(bags: Sequence[Bag]) -> str:
    """Return in words what the intervals are drawn over."""
    return 'bag' if _unit_is_bag(bags) else f'{BLOCK_S:g} s of a bag'


def _unit_is_bag(bags: Sequence[Bag]) -> bool:
    return sum(not bag.error for bag in bags) >= MANY_BAGS


def _skill(found: Instruction) -> tuple[str, str]:
    """Return the group within which one state may be most often right."""
    return found.task, found.skill or found.text


def _majorities(instructions: Iterable[Instruction]) -> Mapping[tuple[str, str], State]:
    counts: dict[tuple[str, str], NDArray[np.int64]] = defaultdict(
        lambda: np.zeros(3, np.int64))
    for found in instructions:
        for state in found.true_states or ():
            if state is not None:
                counts[_skill(found)][state] += 1
    return {skill: State(int(count.argmax())) for skill, count in counts.items()}


def scores(counted: Tallies, seed: int) -> Scores:
    """Return the figures of some units together, with their intervals."""
    units = [counted[unit] for unit in sorted(counted)]
    weights = draw(len(units), seed) if units else np.ones((1, 1), np.int64)
    units = units or [Tally()]
    total = Tally()
    for one in units:
        total += one

    def added(values: Sequence[float] | NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the sum of a count over the units, in each resample."""
        return (weights * np.asarray(values)).sum(axis=1).astype(np.float64)

    def mean(lists: Sequence[Sequence[float]]) -> Figure:
        return _figure(_share(added([math.fsum(one) for one in lists]),
                              added([len(one) for one in lists])))

    confusion = np.stack([
        [added([one.confusion[right, state] for one in units]) for state in range(3)]
        for right in range(3)])
    found = np.stack([confusion[state, state] for state in range(3)])
    decided, true = confusion.sum(0), confusion.sum(1)
    f1 = _share(2 * found, decided + true)
    events = added([one.events.true for one in units])
    said = added([one.events.said for one in units])
    within = []
    for tolerance in TOLERANCES_S:
        hits = added([sum(abs(delay) <= tolerance for delay in one.delays) for one in units])
        within.append(EventScores(
            tolerance, int(hits[0]), _figure(_share(hits, said, 1.0)),
            _figure(_share(hits, events, 1.0)), _figure(_share(2 * hits, events + said, 1.0))))
    delays = np.array([delay for one in units for delay in one.delays], np.float64)
    places = np.array(
        [place for place, one in enumerate(units) for _ in one.delays], np.int64)
    hits = added([one.events.hits for one in units])
    worded = added([one.worded for one in units])
    # A state that neither is nor is said to be has no F1, and the mean is over the others.
    present = (decided + true) > 0
    macro = _share(np.where(present, f1, 0.0).sum(0), present.sum(0).astype(np.float64))
    return Scores(
        seconds=round(total.seconds, 3), ticks=int(total.confusion.sum()),
        events=total.events.true, answers=total.events.said,
        states=StateScores(
            total.confusion.tolist(),
            [_figure(_share(found[state], decided[state])) for state in range(3)],
            [_figure(_share(found[state], true[state])) for state in range(3)],
            [_figure(f1[state]) for state in range(3)], _figure(macro)),
        within=within,
        delay=DelayScores(
            sorted(total.delays), mean([one.delays for one in units]),
            _figure(quantile(delays, places, weights, 0.5)),
            _figure(quantile(delays, places, weights, 0.9))),
        false_alarms=total.events.said - total.events.hits,
        false_alarms_per_hour=_figure(_share(
            (said - hits) * 3600, added([one.seconds for one in units]))),
        span_miou=mean([one.spans for one in units]),
        grounding_miou=mean([one.overlaps for one in units]),
        words=AnswerScores(
            total.worded, _figure(_share(added([one.right_words for one in units]), worded)),
            _figure(_share(added([one.normalised_words for one in units]), worded)),
            total.letters, _figure(_share(
                added([one.right_letters for one in units]),
                added([one.letters for one in units]))),
            mean([one.marks for one in units])))


def _share(
    part: NDArray[np.float64], whole: NDArray[np.float64], nothing: float = math.nan,
) -> NDArray[np.float64]:
    """Divide; ``nothing`` where there is nothing to be shared."""
    shares: NDArray[np.float64] = np.where(
        whole > 0, part / np.where(whole > 0, whole, 1.0), nothing)
    return shares


def _figure(values: NDArray[np.float64]) -> Figure:
    if not math.isfinite(values[0]):
        return Figure()
    low, high = interval(values) or (None, None)
    return Figure(
        round(float(values[0]), 4), None if low is None else round(low, 4),
        None if high is None else round(high, 4))
