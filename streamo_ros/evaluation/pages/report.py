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


"""``report.html``: what an evaluation found, to be looked at."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from streamo_ros.evaluation.bags.frames import frames_at
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.evaluation.bags.report_data import Configuration
from streamo_ros.evaluation.bags.report_data import Figure
from streamo_ros.evaluation.bags.report_data import Group
from streamo_ros.evaluation.bags.report_data import Instruction
from streamo_ros.evaluation.bags.report_data import Report
from streamo_ros.evaluation.bags.report_data import Scores
from streamo_ros.evaluation.pages.page import made_here
from streamo_ros.evaluation.pages.page import page
from streamo_ros.evaluation.pages.thumbnails import Frames
from streamo_ros.evaluation.pages.thumbnails import Thumbnails
from streamo_ros.evaluation.pages.timeline import judged
from streamo_ros.evaluation.pages.timeline import Row
from streamo_ros.evaluation.pages.timeline import timelines
from streamo_ros.output import write_text

Cell = Any  # a text, a number, or what page.html's `fill` takes
Table = dict[str, Any]

_STATES = ('silence', 'standby', 'response')
_KINDS = {'task': 'By task', 'skill': 'By skill', 'instruction': 'By instruction', 'bag': 'By bag'}


def write_report_page(report: Report, file: Path, frames: Frames = frames_at) -> None:
    """
    Write the page of a report.

    :param file: of HTML; it needs nothing beside it
    :param frames: reads the pictures
    """
    write_text(file, page(report_data(report, frames)), made_here)


def report_data(report: Report, frames: Frames) -> dict[str, Any]:
    """Return what the page shows of a report."""
    pictures = Thumbnails(
        frames, sum(len(bag.cameras) for bag in report.bags), 'false alarms and missed events')
    streams: list[dict[str, Any]] = []
    instructions: list[dict[str, Any]] = []
    latencies: list[dict[str, Any]] = []
    for bag in report.bags:
        for camera in bag.cameras:
            place = len(streams)
            streams += timelines(
                f'{bag.name}  {camera.topic}', _about(camera, bag.duration_s), [camera],
                [Row([one], summary(one)) for one in camera.instructions],
                report.configuration.fps,
                pictures.of(bag, camera, *moments(camera.instructions)))
            instructions += [
                {'cells': _instruction(bag.name, camera, one), 'go': [place, index]}
                for index, one in enumerate(camera.instructions)]
            if camera.ticks.latencies_s:
                latencies.append({'cells': [
                    f'{bag.name}  {camera.topic}',
                    *latency(camera.ticks.latencies_s, report.configuration.fps)]})
    everything = next((group for group in report.groups if group.kind == 'all'), None)
    scores: list[Table] = [] if everything is None else [
        _overall(everything), *_states(everything.scored.model), *_groups(report.groups)]
    scores.append({
        'title': 'Every instruction', 'note': 'Click one to see it on its timeline.',
        'columns': [
            'instruction', 'bag', 'camera', 'task', 'events', 'answers', 'in time', 'event F1',
            'macro-F1', 'false alarms'],
        'rows': instructions})
    configuration = report.configuration
    return {
        'title': f'Evaluation of {configuration.checkpoint}',
        'subtitle': _subtitle(report),
        'notes': _notes(report) + pictures.notes(),
        'runs': [''],
        'before': [{'id': 'scores', 'title': 'Scores', 'tables': scores}],
        'streams': streams,
        'after': [
            {'id': 'latency', 'title': 'Latency', 'tables': [{
                'note': f'Milliseconds that the model took for a tick, on {report.machine}.',
                'columns': ['camera', 'ticks', 'p50', 'p95', 'p99', 'most', 'slower than frames '
                            'come'],
                'rows': latencies}]},
            {
                'id': 'bags', 'title': 'Bags', 'tables': [_bags(report)]},
            {
                'id': 'configuration', 'title': 'Configuration', 'tables': [],
                'lists': [
                    ['Configuration', configuration_lines(configuration)],
                    ['Versions', [['machine', report.machine], *map(
                        list, report.versions.items())]]]},
        ],
    }


def moments(instructions: list[Instruction]) -> tuple[list[float], list[float]]:
    """Return the stamps at which something went wrong, and the others that are worth a picture."""
    wrong: list[float] = []
    others: list[float] = []
    for instruction in instructions:
        for event in instruction.events or []:
            (wrong if event.met_by is None else others).extend((event.start, event.end))
        for answer in instruction.answers:
            alarm = answer.event is None and judged(instruction, answer)
            (wrong if alarm else others).append(answer.stamp)
    return wrong, others


def summary(instruction: Instruction) -> str:
    """Return how well an instruction went, in a line."""
    if instruction.scored is None:
        return f'{len(instruction.answers)} answers; the truth is not known'
    scores = instruction.scored.model
    return (f'{scores.within[-1].hits} of {scores.events} events, {scores.false_alarms} false '
            f'alarms, F1 {_digits(scores.within[-1].f1.value)}')


def latency(seconds: list[float], fps: float) -> list[Cell]:
    """Return the number of ticks, p50, p95, p99 and most (ms), and the share over the period."""
    values = np.asarray(seconds) * 1e3
    late = float(np.mean(values > 1e3 / fps))
    return [
        len(seconds), *(
            {'value': round(float(np.percentile(values, share)), 2)}
            for share in (50, 95, 99, 100)),
        f'{late:.1%}']


def configuration_lines(configuration: Configuration) -> list[list[str]]:
    """Return a configuration as names and values."""
    return [
        [name.replace('_', ' '), ', '.join(map(str, value)) if isinstance(value, list)
         else str(value) or '–']
        for name, value in asdict(configuration).items()]


def _digits(value: float | None) -> str:
    return '–' if value is None else f'{value:.2f}'


def _figure(figure: Figure) -> Cell:
    return {'value': figure.value, 'low': figure.low, 'high': figure.high}


def _whisker(figure: Figure, marks: list[float | None]) -> Cell:
    return {**_figure(figure), 'scale': [0, 1], 'marks': marks}


def _subtitle(report: Report) -> str:
    read = [bag for bag in report.bags if not bag.error]
    cameras = [camera for bag in read for camera in bag.cameras]
    ticks = sum(len(camera.ticks.stamps) for camera in cameras)
    watched = sum(len(camera.instructions) for camera in cameras)
    return (
        f'{_count(len(read), "bag")}, {_count(len(cameras), "camera")}, '
        f'{_count(watched, "instruction")}, {_count(ticks, "tick")} at '
        f'{report.configuration.fps:g} fps; {report.configuration.backend}, streamo_ros '
        f'{report.versions.get("streamo_ros", "")}')


def _count(number: int, name: str) -> str:
    return f'{number:,} {name}{"" if number == 1 else "s"}'


def _about(camera: Camera, seconds: float) -> str:
    size = f'{camera.width}x{camera.height}, ' if camera.width else ''
    return (f'{size}{camera.type.rpartition("/")[2]}, {seconds:.1f} s, {camera.frames:,} frames, '
            f'{len(camera.ticks.stamps):,} of them judged')


def _notes(report: Report) -> list[str]:
    notes = [f'{bag.name} was not evaluated: {bag.error}' for bag in report.bags if bag.error]
    notices = sum(
        len(bag.notices) + sum(len(camera.notices) for camera in bag.cameras)
        for bag in report.bags)
    if notices:
        notes.append(
            f'Something was passed over in the bags: {_count(notices, "kind")} of trouble, named '
            'under Bags.')
    blind = sum(
        one.events is None for bag in report.bags for camera in bag.cameras
        for one in camera.instructions)
    if blind:
        notes.append(f'The truth of {_count(blind, "instruction")} is not known: not scored.')
    return notes


def _bags(report: Report) -> Table:
    rows = []
    for bag in report.bags:
        notices = bag.notices + [notice for camera in bag.cameras for notice in camera.notices]
        rows.append({'cells': [
            bag.name, bag.path, f'{bag.duration_s:.1f} s',
            f'{bag.duration_s / bag.elapsed_s:.1f}' if bag.elapsed_s else '–', bag.written or '–',
            '; '.join([bag.error] * bool(bag.error) + [
                f'{notice.kind} ({notice.count}): {notice.sentence}' for notice in notices])
            or '–']})
    return {
        'columns': [
            'bag', 'read from', 'duration', 'times real time', 'written', 'passed over'],
        'rows': rows}


_FIGURES = (
    ('event F1', 'f1'), ('event precision', 'precision'), ('event recall', 'recall'))


def _rows(scores: Scores) -> Iterator[tuple[str, Figure, bool]]:
    """Yield the name of each score, the score, and whether it lies between 0 and 1."""
    for within in reversed(scores.within):
        for name, attribute in _FIGURES:
            yield (f'{name}, within ±{within.tolerance_s:g} s', getattr(within, attribute), True)
    yield 'states, macro-F1', scores.states.macro_f1, True
    yield 'false alarms per hour', scores.false_alarms_per_hour, False
    yield 'delay, median (s)', scores.delay.median, False
    yield 'delay, mean (s)', scores.delay.mean, False
    yield 'delay, p90 (s)', scores.delay.p90, False
    yield 'span overlap (mIoU)', scores.span_miou, True
    yield 'grounding mIoU', scores.grounding_miou, True
    yield 'words exact', scores.words.exact, True
    yield 'words normalised', scores.words.normalised, True
    yield 'option letter', scores.words.letter, True
    yield 'words judged', scores.words.judged, True


def _overall(group: Group) -> Table:
    scored = group.scored
    names = list(scored.baselines)
    beside = {name: list(_rows(scores)) for name, scores in scored.baselines.items()}
    rows = []
    for index, (name, figure, share) in enumerate(_rows(scored.model)):
        if figure.value is None:
            continue
        baselines = [beside[one][index][1].value for one in names]
        rows.append({'cells': [
            name, _figure(figure), _whisker(figure, baselines) if share else '',
            *({'value': value} for value in baselines)]})
    model = scored.model
    return {
        'title': 'All together',
        'note':
            f'{model.events:,} events and {model.answers:,} answers, {model.false_alarms:,} of '
            f'them false, in {model.seconds / 60:.1f} minutes of watching. Brackets and bars: '
            f'95 % intervals over {scored.units:,} units; thin marks: what trivial watchers of '
            'the same ticks get.',
        'columns': ['score', 'value', '', *(name.replace('_', ' ') for name in names)],
        'rows': rows}


def _states(scores: Scores) -> Iterator[Table]:
    states = scores.states
    yield {
        'title': 'States, tick by tick',
        'columns': [
            'true state', *(f'decided {state}' for state in _STATES), 'precision', 'recall', 'F1'],
        'rows': [
            {'cells': [
                state, *states.confusion[place], _figure(states.precision[place]),
                _figure(states.recall[place]), _figure(states.f1[place])]}
            for place, state in enumerate(_STATES)]}


def _groups(groups: list[Group]) -> Iterator[Table]:
    for kind, title in _KINDS.items():
        rows = []
        for group in groups:
            if group.kind != kind:
                continue
            model = group.scored.model
            trivial = group.scored.baselines.values()
            events = [scores.within[-1].f1.value for scores in trivial]
            states = [scores.states.macro_f1.value for scores in trivial]
            rows.append({'cells': [
                group.name or '–', model.events, model.answers, model.within[-1].hits,
                _figure(model.within[-1].f1), _whisker(model.within[-1].f1, events),
                _best(events), _figure(model.states.macro_f1), _best(states),
                _figure(model.false_alarms_per_hour), _figure(model.delay.median),
                _figure(model.words.normalised)]})
        if rows:
            yield {
                'title': title,
                'columns': [
                    kind, 'events', 'answers', 'in time', 'event F1', '', 'best trivial',
                    'macro-F1', 'best trivial', 'false alarms / h', 'median delay (s)',
                    'right words'],
                'rows': rows}


def _best(values: list[float | None]) -> Cell:
    return {'value': max((value for value in values if value is not None), default=None)}


def _instruction(bag: str, camera: Camera, one: Instruction) -> list[Cell]:
    cells: list[Cell] = [one.text, bag, camera.topic, one.task or '–']
    if one.scored is None:
        return [*cells, {'value': None}, len(one.answers), *({'value': None} for _ in range(4))]
    scores = one.scored.model
    return [
        *cells, scores.events, scores.answers, scores.within[-1].hits,
        _figure(scores.within[-1].f1), _figure(scores.states.macro_f1), scores.false_alarms]
