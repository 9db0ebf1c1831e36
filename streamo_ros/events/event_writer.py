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
The thread that writes the event log: nobody who decides waits for a disk.

What comes is queued, bounded by number and by the memory of its pictures. What cannot be kept,
because the disk is slow, full or gone, is left out: counted, said in one sentence, and noted in
the log itself as a gap when it can be written again.
"""

from collections import deque
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
import threading
import time
from typing import Any

from streamo_ros.errors import UserError
from streamo_ros.events.early import EarlyAnswers
from streamo_ros.events.event import Event
from streamo_ros.events.event import Gap
from streamo_ros.events.event import Picture
from streamo_ros.events.event_log import Bounds
from streamo_ros.events.event_log import EventLog

WAITING_EVENTS = 256
"""Events that may wait for the disk; the next is left out."""

WAITING_BYTES = 128 * 2**20
"""Memory of the pictures that may wait; what comes then is logged without its pictures."""

RETRY_S = 5.0
"""How long after a failure the log is opened anew."""

REPEAT_S = 60.0
"""How long nothing is said of trouble that comes back."""

_PRUNE_S = 60.0     # how often the age of the oldest events is looked at
_BATCH = 32         # events of one commit


@dataclass(frozen=True)
class Figures:
    """
    What became of events since the node started.

    :param logged: events that are in the log
    :param left_out: events that are not
    :param without_pictures: events whose pictures are not: too many waited, or the blur failed
    :param waiting: events that wait for the disk
    :param kept: events in the log, of earlier runs as well
    :param trouble: in a sentence, why nothing is logged now; empty while all is well
    """

    logged: int
    left_out: int
    without_pictures: int
    waiting: int
    kept: int
    trouble: str


@dataclass(frozen=True, eq=False)
class _Entry:
    event: Event
    frames: Sequence[tuple[int, Any]]
    done: Callable[[], None]

    @property
    def bytes(self) -> int:
        return sum(image.nbytes for _, image in self.frames)


class EventWriter:
    """
    Owns the log; ``offer`` may be called from any thread, and returns at once.

    :param folder: of the log
    :param encode: makes a picture of a frame a JPEG file; called in the thread
    :param on_logged: called with each event when it is committed, in the thread
    :param report: is told in a sentence when events begin to be left out, and when that is over
    """

    def __init__(
        self, folder: Path, bounds: Bounds, encode: Callable[[Any], bytes],
        on_logged: Callable[[Event], None], report: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._bounds = bounds
        self._encode = encode
        self._on_logged = on_logged
        self._report = report
        self._queue: deque[_Entry] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._logged = self._left_out = self._without_pictures = 0
        self._trouble = ''
        self._said = False
        self._said_at = float('-inf')
        self._gap: Gap | None = None
        self._log: EventLog | None = None
        self._retry_at = float('-inf')
        self._prune_at = time.monotonic() + _PRUNE_S
        self._early = EarlyAnswers(folder)
        self._early_fails = False
        self._thread = threading.Thread(target=self._run, name='event log', daemon=True)
        self._thread.start()

    @property
    def figures(self) -> Figures:
        """Return what became of the events."""
        log = self._log
        return Figures(
            self._logged, self._left_out, self._without_pictures, len(self._queue),
            0 if log is None else log.count, self._trouble)

    def offer(
        self, event: Event, frames: Sequence[tuple[int, Any]], done: Callable[[], None],
    ) -> None:
        """
        Have an event logged, if the disk keeps up.

        :param frames: (stamp, picture) of its begin and end; whatever ``encode`` takes
        :param done: called when it is committed, or is not going to be
        """
        entry = _Entry(_encodable(event), frames, done)
        with self._changed:
            full = self._ended or len(self._queue) >= WAITING_EVENTS
            if not full:
                waiting = sum(other.bytes for other in self._queue)
                if frames and waiting + entry.bytes > WAITING_BYTES:
                    self._without_pictures += 1
                    entry = replace(entry, frames=())
                self._queue.append(entry)
                self._changed.notify()
        if full:
            self._leave_out(
                [entry], f'{WAITING_EVENTS} events wait for the disk already' if not self._ended
                else 'the node has ended')

    def keep(self, event: Event) -> Callable[[], None]:
        """Keep an event past a kill without waiting for the disk; return what undoes it."""
        try:
            return self._early.keep(_encodable(event))
        except OSError as error:
            if not self._early_fails:
                self._early_fails = True
                self._report(
                    'what is published before it is logged would be lost with a kill: it cannot '
                    f'be kept in shared memory ({error.strerror or error})')
            return lambda: None

    def stop(self, timeout_s: float) -> bool:
        """Write what waits and close the log; return False when that took too long."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while (entries := self._next()) is not None:
                try:
                    self._write(entries)
                except Exception as error:  # of whatever kind: the thread has to go on
                    self._close()
                    self._retry_at = time.monotonic() + RETRY_S
                    self._leave_out(entries, str(error) if isinstance(
                        error, UserError) else f'{type(error).__name__}: {error}')
        finally:
            self._close()

    def _next(self) -> list[_Entry] | None:
        """Return what is to be written, maybe nothing; None at the end."""
        with self._changed:
            due = self._prune_at if self._log is not None else self._retry_at
            self._changed.wait_for(
                lambda: self._queue or self._ended, max(0.0, due - time.monotonic()))
            if self._ended and not self._queue:
                return None
            return [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]

    def _write(self, entries: Sequence[_Entry]) -> None:
        log = self._log
        if log is None:
            if time.monotonic() < self._retry_at:
                self._leave_out(entries, self._trouble)
                return
            log = EventLog(self._folder, self._bounds)
            self._log = log
            self._recover(log)
            log.prune()
        if not log.path.exists():
            raise UserError(f'the event log {log.path} is gone: it is begun anew')
        if entries or self._gap is not None:
            prepared = [(entry.event, self._pictures(entry)) for entry in entries]
            gap, self._gap = self._gap, None
            try:
                added = log.add(prepared, gap)
            except UserError:
                self._gap = gap
                raise
            self._logged += len(added)
            for entry in entries:
                entry.done()
            self._tell(added)
        if self._trouble:
            self._trouble = ''
            if self._said:
                self._said = False
                self._report(
                    f'the event log {log.path} is written again; {self._left_out} events are '
                    'missing from it')
        if entries or time.monotonic() >= self._prune_at:
            log.prune()
            self._prune_at = time.monotonic() + _PRUNE_S

    def _recover(self, log: EventLog) -> None:
        """Log what processes that were killed had published and not logged."""
        left = self._early.left_over()
        added: list[Event] = []
        try:
            if missing := [one.event for one in left if not log.holds(one.event)]:
                added = log.add([(event, ()) for event in missing])
        except BaseException:
            for one in left:
                one.leave()
            raise
        for one in left:
            one.remove()
        if added:
            self._logged += len(added)
            self._tell(added)
            self._report(
                f'{len(added)} answers that were published before a kill are in the event log '
                'now, without pictures')

    def _tell(self, events: Sequence[Event]) -> None:
        try:
            for event in events:
                self._on_logged(event)
        except Exception as error:  # of the middleware, as when the node ends
            self._report(f'an event was not told: {type(error).__name__}: {error}')

    def _pictures(self, entry: _Entry) -> list[Picture]:
        try:
            return [Picture(stamp, self._encode(image)) for stamp, image in entry.frames]
        except Exception as error:  # of the blur, which is another's: rather none than unblurred
            if not self._without_pictures:
                self._report(
                    f'events are logged without pictures: {type(error).__name__}: {error}')
            self._without_pictures += 1
            return []

    def _leave_out(self, entries: Sequence[_Entry], reason: str) -> None:
        for entry in entries:
            entry.done()
        with self._changed:
            for entry in entries:
                began, ended, count = entry.event.began, entry.event.ended, 1
                if self._gap is not None:
                    began, ended = min(began, self._gap.began), max(ended, self._gap.ended)
                    count += self._gap.count
                self._gap = Gap(began, ended, count)
            self._left_out += len(entries)
            new, self._trouble = not self._trouble, reason
        # A disk that is almost full takes one event and not the next: that is said now and then.
        if new and time.monotonic() >= self._said_at + REPEAT_S:
            self._said, self._said_at = True, time.monotonic()
            self._report(f'{reason}; events are left out of the log until that is over')

    def _close(self) -> None:
        log, self._log = self._log, None
        if log is not None:
            log.__exit__(None, None, None)


def _encodable(event: Event) -> Event:
    """Return an event whose texts can be stored, whatever a model or a topic put into them."""
    def clean(text: str) -> str:
        return text.encode('utf-8', 'replace').decode()

    return replace(
        event, text=clean(event.text), instruction=clean(event.instruction),
        instruction_id=clean(event.instruction_id), camera=clean(event.camera),
        frame_id=clean(event.frame_id), checkpoint=clean(event.checkpoint))
