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
"""Small videos and the streams that go with them, in the format that is trained on."""

from collections.abc import Sequence
import json
from pathlib import Path

import av
import numpy as np

PROMPT = '\nWatch, and say </Silence>, </Standby> or </Response>.\n'
QUESTION = 'Tell me when the square has gone.'
FPS = 4
# One letter a turn: silence while nothing is there, standby while the square is, then an answer.
SCRIPTS = ('SBBRS', 'SSBRSS', 'BRS')
ANSWER = 'It went.'
SAYS = {'S': '</Silence>', 'B': '</Standby>', 'R': f'</Response> {ANSWER}'}


def picture(script: str, turn: int) -> np.ndarray:
    """Return (64, 80, 3), what is seen in a turn."""
    frame = np.full((64, 80, 3), 40 + 20 * (turn % 3), np.uint8)
    if script[turn] == 'B':
        frame[16:48, 8 * turn:8 * turn + 32] = (230, 60, 60)
    return frame


def write_video(file: Path, script: str, codec: str = 'mpeg4') -> None:
    """Write a video of one second a turn."""
    with av.open(str(file), 'w') as container:
        video = container.add_stream(codec, rate=FPS)
        video.width, video.height = 80, 64
        video.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
        for index in range(len(script) * FPS):
            container.mux(video.encode(av.VideoFrame.from_ndarray(
                picture(script, index // FPS), format='rgb24')))
        container.mux(video.encode())


def damage(file: Path, *numbers: int) -> Path:
    """Overwrite packets of a video; return the file."""
    with av.open(str(file)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    data = bytearray(file.read_bytes())
    for number in numbers:
        packet = packets[number]
        data[packet.pos + 4:packet.pos + packet.size] = b'\xff' * (packet.size - 4)
    file.write_bytes(data)
    return file


def record(video: str, script: str, prompt: str | None = PROMPT) -> dict:
    """Return a stream's record."""
    messages = [] if prompt is None else [{'role': 'system', 'content': prompt}]
    for turn, letter in enumerate(script):
        question = '' if turn else QUESTION + '\n'
        messages += [
            {'role': 'user', 'content': f'{question}<{turn}s-{turn + 1}s>\n<stream>'},
            {'role': 'assistant', 'content': SAYS[letter]}]
    return {'messages': messages, 'videos': [video], 'task_type': 'QA'}


def write_streams(directory: Path, scripts: Sequence[str] = SCRIPTS) -> Path:
    """Write videos and the file of their streams; return the file."""
    records = []
    for index, script in enumerate(scripts):
        write_video(directory / f'{index}.mp4', script)
        records.append(record(f'{index}.mp4', script))
    file = directory / 'stream.json'
    file.write_text(json.dumps(records), encoding='utf-8')
    return file
