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
The rows that fine-tuning trains on: several streams packed into one, masked from one another.

The packing and the order of rows follow from the data and the seed alone, so a resumed run needs
no record of what it has trained on.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from functools import cache
from pathlib import Path
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from torch.utils.data import Dataset

from streamo_ros.models import Checkpoint
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.recording import open_recording
from streamo_ros.sources.sampler import SLACK_NS
from streamo_ros.sources.source_error import SourceError
from streamo_ros.sources.stream_file import DataError
from streamo_ros.sources.stream_file import RecordedStream
from streamo_ros.sources.stream_file import StreamFile
from streamo_ros.training.conversation import Conversation
from streamo_ros.training.conversation import conversation
from streamo_ros.training.memory_blocks import SINK
from streamo_ros.training.sequence import IGNORED
from streamo_ros.training.transitions import thinned

# Rows that take further streams at once; more would fill rows a little better.
_OPEN_ROWS = 32


@dataclass(frozen=True)
class Source:
    """
    A file of streams, and what turns them into tokens.

    :param videos: the directory that the records' paths start from
    :param system_prompt: the one that all streams are trained with
    """

    file: StreamFile
    videos: Path
    checkpoint: Checkpoint
    system_prompt: str

    def video(self, stream: RecordedStream) -> Path:
        """Return the path of a stream's video."""
        return self.videos / stream.video

    def read(self, index: int) -> tuple[RecordedStream, Conversation, tuple[int, int]]:
        """
        Return a record, its tokens, and the (height, width) that its frames are scaled to.

        :raises DataError: when the record cannot be trained on
        """
        stream = self.file[index]
        if stream.system_prompt not in (None, self.system_prompt):
            raise DataError(
                f'{self.file.file}, record {index}: messages[0] is another system prompt than '
                "the first record's: a checkpoint has one")
        try:
            recording = open_recording(self.video(stream), 1.0)
        except SourceError as error:
            raise DataError(f'{self.file.file}, record {index}: videos: {error}') from error
        if recording.size is None:
            raise DataError(f'{self.file.file}, record {index}: videos: {stream.video} is none')
        last = stream.turns[-1].start
        if recording.seconds is not None and recording.seconds < last:
            raise DataError(
                f'{self.file.file}, record {index}: the video has {recording.seconds:.1f} s and '
                f'the last turn begins at {last:g} s')
        cell = self.checkpoint.vision.cell
        size = self.checkpoint.frame.target(*recording.size, cell)
        return stream, conversation(
            self.checkpoint.tokenizer, self.system_prompt, stream,
            (size[0] // cell, size[1] // cell), self.checkpoint.decoder.mrope,
            self.checkpoint.memory_tokens), size


def survey(
    source: Source, max_tokens: int, progress: Callable[[Sequence[int]], Any] = iter
) -> tuple[dict[int, int], list[str]]:
    """
    Find the records that can be trained on.

    :param max_tokens: longer streams are refused, as the authors' trainer drops them
    :param progress: wraps the indices, to show how far it is
    :returns: the number of tokens of each record that can be trained on; why the others cannot
    """
    lengths, refused = {}, []
    for index in progress(range(len(source.file))):
        try:
            length = len(source.read(index)[1].ids)
            if length > max_tokens:
                raise DataError(
                    f'{source.file.file}, record {index}: {length} tokens are more than '
                    f'{max_tokens}')
            lengths[index] = length
        except DataError as error:
            refused.append(str(error))
    return lengths, refused


def pack(lengths: Mapping[int, int], max_tokens: int, seed: int) -> list[list[int]]:
    """
    Return rows of record indices, each of at most ``max_tokens``, for one pass through the data.

    A stream goes into the fullest open row that it fits into.
    """
    indices = sorted(lengths)
    rows: list[list[int]] = []
    room: dict[int, int] = {}  # of the open rows
    for at in np.random.default_rng(seed).permutation(len(indices)):
        index = indices[at]
        fitting = [row for row, free in room.items() if free >= lengths[index]]
        if fitting:
            row = min(fitting, key=room.__getitem__)
        else:
            if len(room) == _OPEN_ROWS:
                del room[min(room, key=room.__getitem__)]
            row = len(rows)
            rows.append([])
            room[row] = max_tokens
        rows[row].append(index)
        room[row] -= lengths[index]
    return rows


class Rows(Dataset[dict[str, Tensor]]):
    """
    Rows as inputs of a transformers model, each a batch of one.

    Beside the model's inputs: ``labels`` as in transformers (a token's label stands at the token),
    and ``streams``, ``turns`` and ``blocks``, the stream and the turn that each token belongs to,
    and the memory's block that it belongs to or sees.

    :param state_share: of the states that do not change, those that are supervised: see
        ``thinned``
    :param seed: of their choice, which is another in each row
    """

    def __init__(
        self, source: Source, rows: Sequence[Sequence[int]], state_share: float = 1.0,
        seed: int = 0,
    ) -> None:
        self._source, self._rows = source, rows
        self._state_share, self._seed = state_share, seed

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        """
        Return a row.

        :raises DataError: when a video has no frame that can be learned from
        """
        checkpoint = self._source.checkpoint
        vision = checkpoint.vision
        conversations, patches, grids = [], [], []
        for index in self._rows[row]:
            stream, tokens, size = self._source.read(index)
            if self._state_share < 1:
                tokens = thinned(tokens, stream, self._state_share, np.random.default_rng(
                    (self._seed, row, index)))
            video = self._source.video(stream)
            seen = frames_at(video, [turn.start for turn in stream.turns])
            missing = [turn for turn, frame in enumerate(seen) if frame is None]
            if missing:
                _tell(f'{video} is damaged: nothing is learned at {len(missing)} of its '
                      f'{len(seen)} turns, from {stream.turns[missing[0]].start:g} s on')
            grey = np.full((*size, 3), 127, np.uint8)
            frames = [grey if frame is None else frame for frame in seen]
            conversations.append(replace(tokens, labels=np.where(
                np.isin(tokens.turns, missing), IGNORED, tokens.labels)))
            patches.append(tower_inputs(checkpoint, frames, size))
            grids += [[1, *(side // vision.cell * vision.merge for side in size)]] * len(frames)
        positions = np.concatenate([tokens.positions for tokens in conversations], 1)
        pixels = torch.from_numpy(np.concatenate(patches))
        inputs = {
            'input_ids': _row([tokens.ids for tokens in conversations]),
            'position_ids': torch.from_numpy(
                positions[:, None] if checkpoint.decoder.mrope else positions[:1]),
            'labels': _row([tokens.labels for tokens in conversations]),
            'streams': _row([
                np.full(len(tokens.ids), at) for at, tokens in enumerate(conversations)]),
            'turns': _row([tokens.turns for tokens in conversations]),
            'blocks': _row([tokens.blocks for tokens in conversations]),
            'pixel_values': pixels[None] if vision.family == 'smolvlm' else pixels}
        if vision.temporal_patch > 1:
            inputs['image_grid_thw'] = torch.tensor(grids)
        return inputs


def _row(parts: list[NDArray[np.int64]]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts))[None]


def frames_at(video: Path, starts: Sequence[float]) -> list[NDArray[np.uint8] | None]:
    """
    Return a frame for each time: the first at or after it, as the engine samples a camera.

    Where the video ends before, its last frame. Where it is damaged, None for each time whose
    frame is missing: what stands beside it is not what was to be seen.

    :param starts: seconds since the first frame, increasing
    :raises DataError: when there is no frame at all
    """
    taken: list[NDArray[np.uint8] | None] = []
    last: NDArray[np.uint8] | None = None
    damaged, reason = False, 'it holds none'
    due = [round(start * 1e9) - SLACK_NS for start in starts]
    try:
        recording = open_recording(video, 1.0)
        for frame in recording.frames:
            try:
                frame.check()
                last = frame.picture()
            except ImageError as error:
                damaged, reason = True, str(error)
                continue
            while len(taken) < len(due) and frame.stamp >= due[len(taken)]:
                passed = damaged and len(taken) + 1 < len(due) and (
                    frame.stamp >= due[len(taken) + 1])
                taken.append(None if passed else last)
            damaged = False
            if len(taken) == len(due):
                break
        damaged = damaged or bool(recording.notices)
    except SourceError as error:
        damaged, reason = True, str(error)
    if last is None or not any(picture is not None for picture in taken):
        raise DataError(f'{video} has no frame that can be learned from: {reason}')
    return taken + [None if damaged else last] * (len(due) - len(taken))


@cache
def _tell(sentence: str) -> None:
    """Print a sentence, once in each process that reads videos."""
    print(f'streamo: {sentence}', file=sys.stderr)


def tower_inputs(
    checkpoint: Checkpoint, frames: Sequence[NDArray[np.uint8]], size: tuple[int, int]
) -> NDArray[np.float32]:
    """
    Return a stream's frames as inputs of the checkpoint's vision tower.

    :param frames: (H, W, 3) each
    :param size: the (height, width) that they are scaled to
    :returns: (patches of all frames, values of a patch), or (frames, channels, height, width) for
        towers that take pictures of one size
    """
    spec, vision = checkpoint.frame, checkpoint.vision
    scaled = [spec.scale(frame, size) for frame in frames]
    patches = np.stack([
        spec.normalise(spec.cut(before, frame, vision), vision)
        for before, frame in zip([scaled[0], *scaled[:-1]], scaled, strict=True)])
    if vision.temporal_patch > 1:
        return patches.reshape(-1, patches.shape[-1])
    rows, columns, merge = size[0] // vision.cell, size[1] // vision.cell, vision.merge
    cells = patches.reshape(
        len(frames), rows, columns, merge, merge, vision.channels, vision.patch, vision.patch)
    return np.ascontiguousarray(cells.transpose(0, 5, 1, 3, 6, 2, 4, 7)).reshape(
        len(frames), vision.channels, rows * vision.cell, columns * vision.cell)


def visible_mask(
    streams: Tensor, turns: Tensor, window_turns: int | None, blocks: Tensor | None = None,
) -> Tensor | None:
    """
    Return (1, 1, S, S), True where a token attends to another; None for a plain causal mask.

    :param streams: (1, S) the stream of the row that each token belongs to
    :param turns: (1, S) the turn of its stream
    :param window_turns: turns of the window, as in the engine; None for the whole stream
    :param blocks: (1, S) the memory's block that it belongs to or sees, as ``StreamTokens`` has it
    """
    if blocks is not None and not blocks.any():
        blocks = None
    if window_turns is None and blocks is None and bool((streams == streams[0, 0]).all()):
        return None
    mask = streams[0, :, None] == streams[0, None]
    if window_turns is not None:
        mask &= (turns[0] == SINK)[None] | (turns[0, None] > turns[0, :, None] - window_turns)
    if blocks is not None:
        of_block = (turns[0] == SINK) & (blocks[0] > 0)
        mask &= ~of_block[None] | (blocks[0, None] == blocks[0, :, None])
    return mask.tril_()[None, None]
