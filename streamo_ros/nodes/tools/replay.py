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
An evaluation again, through the node: the same bags in lock-step over DDS, and what differs.

``python -m streamo_ros.nodes.tools.replay OUT`` takes the folder that ``streamo evaluate`` wrote.
Each camera of a bag gets a node of its own, in a ROS domain of its own, and its messages as they
were recorded, byte for byte. What was to be seen at a frame is waited for before the next one goes
out, so neither speed nor load can change it; which frames are looked at, the node itself decides.
What it publishes goes into ``bags/NAME/through_node.jsonl``, and is compared with
``decisions.jsonl`` there.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
import functools
import json
from pathlib import Path
import signal
import sys
from typing import Any

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredInstruction
from streamo_ros.msg import StructuredResponse
from streamo_ros.nodes.camera_match import RAW
from streamo_ros.nodes.tools.console import Console
from streamo_ros.nodes.tools.console import DEPTH
from streamo_ros.nodes.tools.domain import DomainError
from streamo_ros.nodes.tools.graph_runner import GraphError
from streamo_ros.nodes.tools.graph_runner import GraphRunner
from streamo_ros.output import OutputError
from streamo_ros.output import OutputFolder
from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import BagMessage
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.source_error import SourceError

EVALUATED = 'decisions.jsonl'
REPLAYED = 'through_node.jsonl'
LOG = 'through_node.log'
SCHEMA = 2

SHOWN = 3
"""Differences that are shown."""


class ReplayError(RuntimeError):
    """The node cannot be compared with an evaluation; the message says why."""


class _Watcher(Console):
    """
    A node that watches one camera as the evaluation did.

    :param camera: what the report has of it
    :param start: what the report counts its stamps from, nanoseconds
    :param log: receives what the node prints
    """

    def __init__(
        self, runner: GraphRunner, name: str, camera: dict[str, Any], start: int,
        configuration: dict[str, Any], log: Path,
    ) -> None:
        super().__init__(runner, f'/{name}')
        self._topic = camera['topic']
        self._stamps = [start + round(stamp * 1e9) for stamp in camera['ticks']['stamps']]
        self._epochs = camera['ticks']['epochs']
        self._instructions = [one for one in camera['instructions'] if one['states']]
        self._tick = 0
        self._states: list[StreamState] = []        # fresh ones that are not written yet
        self._responses: dict[int, Response] = {}
        self._data: dict[int, StructuredResponse] = {}
        self._asked: dict[str, dict[str, Any]] = {}     # the latest instruction of each id
        self._epoch: int | None = None              # the node's, when the evaluation's was 0
        self._structured = runner.node.create_publisher(
            StructuredInstruction, f'{self.name}/structured_instruction', 100)
        runner.node.create_subscription(
            StructuredResponse, f'{self.name}/structured_response', self._take_data, DEPTH)
        self._camera = runner.node.create_publisher(
            Image if camera['type'] == RAW else CompressedImage, self._topic, 10)
        parameters = {
            key: configuration[key]
            for key in ('checkpoint', 'backend', 'fps', 'window_turns', 'max_answer_tokens',
                        'response_threshold', 'release_threshold')}
        runner.start_node(
            '-r', f'__node:={name}', '-r', f'image:={self._topic}',
            *(part for key, value in parameters.items()
              for part in ('-p', f'{key}:={json.dumps(value)}')), log=log)

    def take_state(self, message: StreamState) -> None:
        """Keep a state; those that no evaluation has end the replay."""
        if message.status == StreamState.STATUS_REFUSED:
            raise ReplayError(
                f'the node refused {message.instruction_id!r}: {message.detail}')
        if message.status == StreamState.STATUS_ERROR:
            raise ReplayError(f'the node failed: {message.detail}')
        super().take_state(message)
        if message.age_s == 0:
            self._states.append(message)

    def take_response(self, message: Response) -> None:
        """Keep an answer until its state has come."""
        self._responses[message.seq] = message

    def _take_data(self, message: StructuredResponse) -> None:
        self._data[message.response.seq] = message

    def await_node(self) -> None:
        """Wait until the node hears instructions, and watches the camera."""
        self.await_ready()
        self._runner.wait(
            self._structured.get_subscription_count,
            f'a reader of {self.name}/structured_instruction')
        self._runner.wait(
            self._camera.get_subscription_count, f'a node that watches {self._topic}')

    def show(self, message: BagMessage) -> Iterator[str]:
        """Send a frame; yield what is said about it, as lines, if it is one to be looked at."""
        due = self._tick < len(self._stamps) and message.stamp == self._stamps[self._tick]
        standing = self._ask() if due else []
        self._camera.publish(message.raw)
        if not due:
            return
        self._tick += 1
        if standing:
            self._runner.wait(
                lambda: set(standing) <= {
                    state.instruction_id for state in self._states
                    if _stamp(state) == message.stamp},
                f'a state about the frame at {message.stamp * 1e-9:.3f} s of {self._topic}')
        else:  # nothing is said about a frame that nothing was asked of
            self._runner.wait(
                lambda: int(self.values('stream').get('frames_sampled', 0)) >= self._tick,
                f'the frame at {message.stamp * 1e-9:.3f} s of {self._topic} was looked at')
        yield from self._lines()

    def finish(self) -> Iterator[str]:
        """Yield what else was said, about frames that the evaluation did not look at."""
        self.await_report()
        yield from self._lines()

    def _ask(self) -> list[str]:
        """Withdraw and ask what was withdrawn and asked at this tick; return what stands."""
        for one in self._instructions:
            if one['first_tick'] + len(one['states']) == self._tick:
                self._send(
                    Instruction.CANCEL, one,
                    lambda state: state.status == StreamState.STATUS_INACTIVE)
        for one in self._instructions:
            if one['first_tick'] == self._tick:
                # Nothing is decided about it yet, so a state that names it is the node's word
                # that it stands.
                self._send(
                    Instruction.ADD, one,
                    lambda state: state.status != StreamState.STATUS_INACTIVE)
        return [one['id'] for one in self._instructions
                if 0 <= self._tick - one['first_tick'] < len(one['states'])]

    def _send(
        self, action: int, one: dict[str, Any], is_done: Callable[[StreamState], bool],
    ) -> None:
        self._asked[one['id']] = one
        self.latest.pop(one['id'], None)
        if action == Instruction.ADD and _asks_data(one):
            self._structured.publish(StructuredInstruction(
                instruction=Instruction(
                    action=action, id=one['id'], text=one['text'], source='replay'),
                choices=one['choices'], json_schema=one['json_schema']))
        else:
            self.ask(one['text'], one['id'], action, source='replay')
        self._runner.wait(
            lambda: one['id'] in self.latest and is_done(self.latest[one['id']]),
            f'a word about instruction {one["id"]!r}')

    def _lines(self) -> Iterator[str]:
        states, self._states = self._states, []
        for state in states:
            if self._epoch is None:
                self._epoch = state.epoch - self._epochs[self._tick - 1]
            text, complete, data = '', True, None
            if state.state == StreamState.RESPONSE:
                self._runner.wait(
                    functools.partial(self._responses.__contains__, state.response_seq),
                    f'answer {state.response_seq} of {self._topic}')
                answer = self._responses.pop(state.response_seq)
                text, complete = answer.text, answer.complete
            if asks_data := _asks_data(self._asked[state.instruction_id]):
                data = self._await_data(state)
            yield json.dumps({
                'stamp_ns': _stamp(state), 'camera': self._topic,
                'epoch': state.epoch - self._epoch, 'tick': state.tick,
                'instruction_id': state.instruction_id,
                'state': State(state.state).name.lower(),
                'probabilities': [
                    round(share, 6) for share in (
                        state.probability_silence, state.probability_standby,
                        state.probability_response)],
                'text': text, 'complete': complete,
                **({'data': json.loads(data.data) if data and data.data else None,
                    'data_error': data.error_msg if data else ''} if asks_data else {})},
                ensure_ascii=False) + '\n'

    def _await_data(self, state: StreamState) -> StructuredResponse | None:
        """Return the data of what a state says; None where nothing is said."""
        if state.state != StreamState.RESPONSE:
            return None
        self._runner.wait(
            functools.partial(self._data.__contains__, state.response_seq),
            f'the data of answer {state.response_seq} of {self._topic}')
        return self._data.pop(state.response_seq)


def _asks_data(instruction: dict[str, Any]) -> bool:
    # Reports of before have neither field.
    return bool(instruction.get('choices') or instruction.get('json_schema'))


def _stamp(message: StreamState) -> int:
    return int(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)


def replay(bag: dict[str, Any], configuration: dict[str, Any], folder: Path) -> None:
    """
    Show a bag to nodes, and write what they decide to ``through_node.jsonl``.

    :param bag: what ``report.json`` has of it
    :param folder: where the evaluation's decisions are
    :raises GraphError: when a node ends, or is waited for in vain
    :raises ReplayError: when a node refuses or fails
    :raises SourceError: when the bag cannot be read any more
    """
    log = folder / LOG
    log.unlink(missing_ok=True)
    with ExitStack() as stack:
        opened = stack.enter_context(Bag(Path(bag['path'])))
        runner = stack.enter_context(GraphRunner())
        ours = stack.enter_context(OutputFolder(folder, 'watched bag'))
        lines = stack.enter_context(ours.file(REPLAYED))
        watchers = {
            camera['topic']: _Watcher(
                runner, f'streamo_{number}', camera, bag['start_ns'], configuration, log)
            for number, camera in enumerate(bag['cameras'])}
        for watcher in watchers.values():
            watcher.await_node()
        seconds = stack.enter_context(tqdm(
            unit=' s', desc=bag['name'], leave=False, disable=not sys.stderr.isatty()))
        topics = [(camera['topic'], camera['type']) for camera in bag['cameras']]
        for message in opened.messages(topics):
            try:
                message.deserialize()
            except MessageError:
                continue  # the evaluation says so; no publisher could have sent it
            lines.writelines(line.encode() for line in watchers[message.topic].show(message))
            seconds.update(max(0.0, (message.logged - opened.start) * 1e-9 - seconds.n))
        for watcher in watchers.values():
            lines.writelines(line.encode() for line in watcher.finish())


def differences(evaluated: Path, replayed: Path) -> tuple[int, list[str]]:
    """Return how many decisions were made, either way, and each that was not made the same."""
    kept = [_by_frame(file) for file in (evaluated, replayed)]
    keys = sorted({*kept[0], *kept[1]})
    return len(keys), [
        f'- {kept[0].get(key, "no decision")}\n+ {kept[1].get(key, "no decision")}'
        for key in keys if kept[0].get(key) != kept[1].get(key)]


def _by_frame(file: Path) -> dict[tuple[Any, ...], str]:
    found = {}
    for line in file.read_bytes().splitlines():  # of bytes: a text may hold other line breaks
        row = json.loads(line)
        found[row['camera'], row['stamp_ns'], row['epoch'], row['instruction_id']] = line.decode()
    return found


def _read_report(out: Path) -> dict[str, Any]:
    file = out / 'report.json'
    try:
        report: dict[str, Any] = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ReplayError(
            f'{file} cannot be read ({error}): give a folder that `streamo evaluate` wrote'
        ) from error
    if report.get('schema') != SCHEMA:
        raise ReplayError(f'{file} is of another version: evaluate again with this one')
    return report


def main() -> int:
    """Replay the bags of an evaluation; 0 where the node agrees on every one, else 1."""
    parser = argparse.ArgumentParser(
        prog='replay', description=__doc__.split('\n\n')[0].strip())
    parser.add_argument(
        'out', type=Path, metavar='OUT', help='the folder that `streamo evaluate` wrote')
    out = parser.parse_args().out
    agrees = True
    try:
        report = _read_report(out)
        for bag in report['bags']:
            if bag['error']:
                print(f'{bag["name"]}: left out, as by the evaluation: {bag["error"]}')
                continue
            folder = out / 'bags' / bag['name']
            replay(bag, report['configuration'], folder)
            count, found = differences(folder / EVALUATED, folder / REPLAYED)
            print(f'{bag["name"]}: {count} decisions through the node, {len(found)} of them '
                  f'not as evaluated')
            print(''.join(f'{difference}\n' for difference in found[:SHOWN]), end='')
            agrees = agrees and not found
    except (DomainError, GraphError, OutputError, ReplayError, SourceError) as error:
        print(f'replay: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return int(not agrees)


if __name__ == '__main__':
    for number in (signal.SIGTERM, signal.SIGHUP):  # not without ending the nodes
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    sys.exit(main())
