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
Benchmarks in their published forms over rendered films, whose every event is known.

Films are streams of the sentry's test split. What is asked offline is which of some events a film
shows, how often, and in what order; what is asked of the streams is what the world asks, with the
world's own truth.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import av
import numpy as np

from streamo_ros.dialogue import State
from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.dialogue import time_tag
from streamo_ros.output import OutputFolder
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.sentry import SentryWorld
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import Stream

SECONDS = 24
FPS = 5
LETTERS = 'ABCD'
KIND = 'made benchmarks'


@dataclass(frozen=True)
class Answered:
    """An answer that is due: seconds of its first sign and of the answer, and its words."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Film:
    """
    A film and what is known of it.

    :param shown: skills of events, by the second they are over
    :param absent: skills beyond doubt of which nothing happens
    """

    name: str
    stream: Stream
    shown: tuple[tuple[float, str], ...]
    absent: tuple[str, ...]

    @property
    def once(self) -> list[str]:
        """Return what happens, each skill once, in the order of the first time."""
        return list(dict.fromkeys(skill for _, skill in self.shown))


def films(count: int, seed: int) -> Iterator[Film]:
    """Yield films that show at least one event for sure, and lack three."""
    number = index = 0
    while number < count:
        stream = draw_stream(
            np.random.default_rng([seed, index]), split='test', turns=SECONDS, questions=4,
            world='sentry', rate=1.0)
        index += 1
        world = stream.world
        assert isinstance(world, SentryWorld)
        first = stream.stamps[0]
        clear = [skill for skill in SKILLS if world.clear(skill)]
        shown = tuple(sorted(
            (round(event.end - first, 2), event.skill) for event in world.events
            if event.skill in clear and 0.5 < event.end - first < SECONDS - 1.5))
        happened = {event.skill for event in world.events}
        absent = tuple(skill for skill in clear if skill not in happened)
        if shown and len(absent) >= 3:
            yield Film(f'{number:03d}', stream, shown, absent)
            number += 1


def write_set(out: Path, count: int, seed: int) -> None:
    """
    Write films and the annotations of all benchmarks over them, where they are not there yet.

    :raises OutputError: when the folder holds something else
    """
    with OutputFolder(out, KIND, {'films': count, 'seed': seed, 'seconds': SECONDS}) as folder:
        (out / 'films').mkdir(exist_ok=True)
        rng = np.random.default_rng(seed)
        made = list(films(count, seed))
        for film in made:
            file = out / 'films' / f'{film.name}.mp4'
            if not file.is_file():
                _write_film(film.stream, file)
        for name in ('EGO', 'WEB'):
            (out / 'sets' / name).mkdir(parents=True, exist_ok=True)
            if not (out / 'sets' / name / 'videos').is_symlink():
                (out / 'sets' / name / 'videos').symlink_to('../../films')
        for name, value in _annotations(made, rng):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            lines = isinstance(value, tuple)
            folder.write_text(name, ''.join(json.dumps(one) + '\n' for one in value) if lines
                              else json.dumps(value, indent=1) + '\n')


def _write_film(stream: Stream, file: Path) -> None:
    part = file.with_suffix('.part')
    with av.open(str(part), 'w', format='mp4') as container:
        video = container.add_stream('mpeg4', rate=FPS)
        video.width = video.height = 112
        video.pix_fmt = 'yuv420p'
        video.bit_rate = 1_500_000
        for index in range(SECONDS * FPS):
            picture = stream.world.render(stream.stamps[0] + index / FPS)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
        container.mux(video.encode())
    part.replace(file)


def _annotations(made: Sequence[Film], rng: np.random.Generator) -> Iterator[tuple[str, Any]]:
    """Yield the name of each file, and what it holds; a tuple is written as JSON lines."""
    yield from _mvbench(made, rng)
    yield from _tempcompass(made, rng)
    yield 'videomme/rows.json', [_videomme(film, rng) for film in made]
    yield 'longvideobench/lvb_val.json', [_longvideobench(film, rng) for film in made]
    yield from _interactionbench(made, rng)
    yield from _proactive(made)
    yield 'ovo/ovo.json', list(_ovo(made, rng))
    yield 'streams/streams.json', [
        _stream_record(film, question) for film in made for question in film.stream.questions]


def options_of(film: Film, rng: np.random.Generator, of: int = 4) -> tuple[list[str], int]:
    """Return what may have happened, one of which did, and the index of that one."""
    right = str(rng.choice(film.once))
    wrong = [str(one) for one in rng.permutation(film.absent)[:of - 1]]
    place = int(rng.integers(len(wrong) + 1))
    skills = [*wrong[:place], right, *wrong[place:]]
    return [ANSWERS[skill] for skill in skills], place


def _mvbench(made: Sequence[Film], rng: np.random.Generator) -> Iterator[tuple[str, Any]]:
    tasks: dict[str, list[dict[str, Any]]] = {
        'action_sequence': [], 'unexpected_action': [], 'action_count': []}
    for film in made:
        options, right = options_of(film, rng)
        tasks['unexpected_action'].append({
            'video': f'{film.name}.mp4', 'question': 'Which of these happens?',
            'candidates': options, 'answer': options[right]})
        skill = film.shown[0][1]
        times = sum(one == skill for _, one in film.shown)
        tasks['action_count'].append({
            'video': f'{film.name}.mp4', 'question': f'How often is this so: {ANSWERS[skill]}',
            'candidates': ['0', '1', '2', '3'][:max(3, times + 1)], 'answer': str(min(times, 3))})
        end, skill = film.shown[-1]
        wrong = [ANSWERS[str(one)] for one in rng.permutation(film.absent)[:3]]
        place = int(rng.integers(4))
        tasks['action_sequence'].append({
            'video': f'{film.name}.mp4', 'question': 'What happens last?',
            'candidates': [*wrong[:place], ANSWERS[skill], *wrong[place:]],
            'answer': ANSWERS[skill], 'start': 0.0, 'end': min(end + 2.0, SECONDS)})
    for task, items in tasks.items():
        yield f'mvbench/{task}.json', items


def _tempcompass(made: Sequence[Film], rng: np.random.Generator) -> Iterator[tuple[str, Any]]:
    choice: dict[str, Any] = {}
    yes_no: dict[str, Any] = {}
    captions: dict[str, Any] = {}
    for film in made:
        options, right = options_of(film, rng, 3)
        lines = [f'{letter}. {one}' for letter, one in zip(LETTERS, options, strict=False)]
        choice[film.name] = {'action': [{
            'question': '\n'.join(['What happens in the video?', *lines]),
            'answer': lines[right]}]}
        said = str(rng.choice(film.once)), film.absent[0]
        yes_no[film.name] = {'action': [
            {'question': f'Does this happen: {ANSWERS[said[0]]}', 'answer': 'yes'},
            {'question': f'Does this happen: {ANSWERS[said[1]]}', 'answer': 'no'}]}
        options, right = options_of(film, rng, 2)
        lines = [f'Caption {letter}: {one}'
                 for letter, one in zip(LETTERS, options, strict=False)]
        captions[film.name] = {'action': [{
            'question': '\n'.join(['Which caption matches the video better?', *lines]),
            'answer': lines[right]}]}
        if len(film.once) > 1:
            first, then = (ANSWERS[skill].lower().rstrip('.') for skill in film.once[:2])
            pair = [f'{first}, then {then}', f'{then}, then {first}']
            right = int(rng.integers(2))
            lines = [f'{letter}. {pair[(place + right) % 2]}'
                     for place, letter in enumerate('AB')]
            choice[film.name]['order'] = [{
                'question': '\n'.join(['In which order?', *lines]), 'answer': lines[right]}]
    yield 'tempcompass/multi-choice.json', choice
    yield 'tempcompass/yes_no.json', yes_no
    yield 'tempcompass/caption_matching.json', captions


def _videomme(film: Film, rng: np.random.Generator) -> dict[str, Any]:
    options, right = options_of(film, rng)
    return {
        'video_id': film.name, 'videoID': film.name, 'duration': 'short', 'domain': 'Life Record',
        'sub_category': 'Daily Life', 'question_id': f'{film.name}-1',
        'task_type': 'Action Recognition', 'question': 'Which of these happens in the video?',
        'options': [f'{letter}. {one}' for letter, one in zip(LETTERS, options, strict=True)],
        'answer': LETTERS[right]}


def _longvideobench(film: Film, rng: np.random.Generator) -> dict[str, Any]:
    options, right = options_of(film, rng, int(rng.integers(2, 5)))
    return {
        'id': f'{film.name}_0', 'video_path': f'{film.name}.mp4', 'duration': float(SECONDS),
        'question': 'Which of these is seen?', 'candidates': options, 'correct_choice': right,
        'duration_group': 60, 'question_category': 'S2E'}


def answered(question: Question) -> list[Answered]:
    """Return the answers that are due to a question of a film, in seconds of it."""
    found: list[Answered] = []
    begun: int | None = None
    for tick, truth in enumerate(question.truths()):
        begun = None if truth.state is State.SILENCE else tick if begun is None else begun
        if truth.state is State.RESPONSE:
            first = tick if begun is None else begun
            found.append(Answered(float(first), float(tick), truth.text))
            begun = None
    return found


def _interactionbench(
    made: Sequence[Film], rng: np.random.Generator,
) -> Iterator[tuple[str, Any]]:
    capabilities = {'narration': 'LCG', 'tsqa': 'CST', 'grounding': 'TOA'}
    options_file, key_file = [], []
    for film in made:
        items = []
        for question in film.stream.questions:
            due = answered(question)
            items.append({
                'capability': capabilities.get(question.task, 'PTR') if due else 'PTR',
                'time_type': 'C' if len(due) > 1 else 'B', 'is_negative': not due,
                'question': question.text, 'question_time_s': 0,
                'answers': [{'time_s': one.end, 'content': one.text} for one in due]})
        options, right = options_of(film, rng)
        items.append({
            'capability': 'LVM', 'time_type': 'A', 'is_negative': False,
            'question': 'Which of these happened?', 'question_time_s': SECONDS - 4,
            'answers': [{'time_s': SECONDS - 4, 'content': options[right]}]})
        name = f'{film.name}#{len(items) - 1}'
        options_file.append({'item_id': name, 'options': options})
        key_file.append({
            'item_id': name, 'correct_index': right, 'answer_text': options[right],
            'distractors': [one for place, one in enumerate(options) if place != right]})
        yield f'interactionbench/annotations/room/{film.name}.json', {
            'video_id': film.name, 'domain': 'room', 'video': f'{film.name}.mp4',
            'duration_s': SECONDS, 'items': items}
    yield 'interactionbench/mcq/mcq_options_v4.jsonl', tuple(options_file)
    yield 'interactionbench/mcq/mcq_key_v4.jsonl', tuple(key_file)


def _proactive(made: Sequence[Film]) -> Iterator[tuple[str, Any]]:
    sets: dict[str, list[dict[str, Any]]] = {'EGO': [], 'WEB': []}
    for film in made:
        for place, question in enumerate(film.stream.questions):
            due = answered(question)
            if due:
                sets['WEB' if question.task == 'tsqa' else 'EGO'].append({
                    'question_id': f'{film.name}-{place}', 'video': f'{film.name}.mp4',
                    'duration': SECONDS, 'conversation': [{'content': question.text}],
                    'answer': [{'content': one.text, 'reply_timespan': [
                        one.start, min(one.end + 4.0, SECONDS)]} for one in due]})
    for name, found in sets.items():
        if found:
            yield f'proactivevideoqa/{name}/anno.json', found


def _ovo(made: Sequence[Film], rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    number = 0
    for film in made:
        video = {'video': f'{film.name}.mp4'}
        for task in ('EPM', 'ACR'):
            options, right = options_of(film, rng)
            yield {'id': number, 'task': task, **video, 'question': 'Which of these has happened?',
                   'options': options, 'answer': options[right], 'gt': right,
                   'realtime': SECONDS - 3}
            number += 1
        for question in film.stream.questions:
            due = answered(question)
            times = [one.end + 1 for one in due]
            if question.task == 'event_caption' and due:
                points = sorted({2.0, *(time + 1 for time in times), SECONDS - 1.0})
                yield {'id': number, 'task': 'REC', **video, 'activity': question.text,
                       'start_times': [one.start for one in due], 'end_times': times,
                       'test_info': [
                           {'realtime': point, 'count': sum(time <= point for time in times)}
                           for point in points]}
                number += 1
                clue = times[0]
                yield {'id': number, 'task': 'CRR', **video, 'question': question.text,
                       'answer': due[0].text, 'ask_time': 0, 'clue_time': clue, 'test_info': [
                           {'realtime': max(0.0, clue - 2), 'type': 0},
                           {'realtime': clue + 2, 'type': 1}]}
                number += 1
            if question.task == 'narration' and due:
                yield {'id': number, 'task': 'SSR', **video, 'tutorial': question.text,
                       'all_steps': [one.text for one in due],
                       'start_time': [one.start for one in due], 'end_time': times,
                       'test_info': [{'realtime': one.start, 'step': one.text, 'type': 1}
                                     for one in due]}
                number += 1


def _stream_record(film: Film, question: Question) -> dict[str, Any]:
    messages = []
    for tick, truth in enumerate(question.truths()):
        asked = '' if tick else question.text + '\n'
        token = STATE_TOKENS[truth.state]
        messages += [
            {'role': 'user', 'content': f'{asked}{time_tag(tick, 1.0)}\n<stream>'},
            {'role': 'assistant', 'content': f'{token} {truth.text}'.rstrip()}]
    return {'messages': messages, 'videos': [f'{film.name}.mp4'], 'task_type': question.task}
