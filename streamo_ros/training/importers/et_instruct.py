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

r"""
ET-Instruct-164K: instructions on events, of fourteen sets, for nine tasks.

``et_instruct_164k_{txt,vid}.json`` are arrays of ::

    {"task": "slc", "source": "how_to_step", "video": "how_to_step/PJi8ZEHAFcI.mp4",
     "duration": 200.767, "src": [12, 18], "tgt": [36, 44, 49, 57],
     "conversations": [{"from": "human", "value": "<image>\n..."},
                       {"from": "gpt", "value": "36 - 44 seconds, whisk the eggs. ..."}]}

In the ``vid`` form each time is ``<vid>``, with its value in ``src`` for the human's and ``tgt``
for the model's; in the ``txt`` form the times are in the words. Tasks that tell (``slc`` steps,
``dvc`` events) become captions, those that find something become groundings, questions with a
time are answered when it is over, and questions about a time once that is past.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import re
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import Event
from streamo_ros.training.importers.events import placed
from streamo_ros.training.importers.events import usable
from streamo_ros.training.importers.importer import elements
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.importer import nothing
from streamo_ros.training.importers.llava_video import said
from streamo_ros.training.importers.videos import Film
from streamo_ros.training.importers.videos import Videos

SOURCE = 'ET-Instruct'
_TIME = '<vid>'
_TELL = {'slc': tasks.action_caption, 'dvc': tasks.event_caption}
_ANSWER = ('gvq',)
_SPAN = re.compile(
    r'(?P<start>\d+(?:\.\d+)?)\s*(?:s\b|seconds?\b)?\s*(?:-|–|to\b|and\b)\s*'
    r'(?P<end>\d+(?:\.\d+)?)\s*(?P<unit>s\b|seconds?\b)?')
_QUOTED = re.compile(r'["“](.+)["”]|(?<!\w)\'(.+)\'(?!\w)')
_AROUND = ' \t,.:;-–'


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield one question, by the record's task."""
    record = fields.mapping(record, '')
    task = fields.text(record, 'task')
    source = fields.text(record, 'source') if record.get('source') else SOURCE
    asked_at, answered_at = _times(record, 'src'), _times(record, 'tgt')
    pairs = list(said(_with_times(record, asked_at, answered_at)))
    if len(pairs) != 1:
        raise BadRecord('conversations', f'{len(pairs)} questions have one list of times')
    (question, answer), = pairs
    film = videos.film(
        source, fields.identifier(record, 'video'), note, duration=record.get('duration'))
    if not answered_at and not _spans(answer, ()):
        yield _about(film, question, answer, asked_at)
        return
    spans = _spans(answer, answered_at) or [
        ((moment, moment), '') for moment in answered_at]

    def read(where: str, item: Any) -> Event | None:
        (start, end), text = item
        if task in _TELL:
            text = fields.as_text(text, where)
        return placed(start, end, text, film, where, note)

    events = usable(((f'tgt[{index}]', item) for index, item in enumerate(spans)), read, note)
    if task in _TELL:
        yield _TELL[task](film, events)
    elif task in _ANSWER:
        yield tasks.awaited(film, question, answer, events[-1])
    elif found := _QUOTED.search(question):
        yield tasks.grounding(film, found[1] or found[2], events)
    else:
        yield tasks.asked(
            film, tasks.GROUNDING, question,
            [tasks.over(event, tasks.grounded(event)) for event in events])


def _about(film: Film, question: str, answer: str, moments: Sequence[float]) -> Annotation:
    """Return a question that is about a time, or about the whole film."""
    if film.duration is None and not moments:
        raise BadRecord('duration', 'it is missing: when the film ends cannot be said')
    if not moments or film.duration is not None and max(moments) + 1 > film.duration:
        return tasks.at_the_end(film, question, answer)
    return tasks.remembered(
        film, tasks.TSQA, question, answer, Event(0.0, max(moments)).ends)


def _times(record: Any, name: str) -> list[float]:
    if record.get(name) is None or record[name] == []:
        return []
    return [fields.seconds(item, where) for where, item in fields.items(record, name)]


def _with_times(
    record: Any, asked: Sequence[float], answered: Sequence[float]
) -> dict[str, Any]:
    """Return the conversation with its times in words."""
    messages = []
    left = {'human': list(asked), 'gpt': list(answered)}
    for where, item in fields.items(record, 'conversations'):
        message = fields.mapping(item, where)
        value, speaker = message.get('value'), message.get('from')
        if isinstance(value, str) and isinstance(speaker, str) and _TIME in value:
            times = left.get(speaker, [])
            pieces = value.split(_TIME)
            if len(pieces) - 1 > len(times):
                name = 'src' if speaker == 'human' else 'tgt'
                raise BadRecord(
                    name, f'{len(pieces) - 1} times stand in {where}, not {len(times)}')
            value = pieces[0] + ''.join(
                f'{_plain(time)}{piece}' for time, piece in zip(times, pieces[1:], strict=False))
            del times[:len(pieces) - 1]
            message = {**message, 'value': value}
        messages.append(message)
    return {'conversations': messages}


def _plain(seconds: float) -> str:
    return f'{seconds:.0f}' if seconds == int(seconds) else f'{seconds!r}'


def _spans(text: str, times: Sequence[float]) -> list[tuple[tuple[float, float], str]]:
    """
    Return the time spans that stand in a text, each with the words behind it.

    :param times: those that are known to be in it; without, a span has to name its unit
    """
    known = set(times)
    found = [
        match for match in _SPAN.finditer(text)
        if ({float(match['start']), float(match['end'])} <= known if times else match['unit'])]
    if not found:
        return []
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [
        ((float(match['start']), float(match['end'])), text[match.end():end].strip(_AROUND))
        for match, end in zip(found, ends, strict=True)]


IMPORTER = Importer(elements, convert, nothing)
