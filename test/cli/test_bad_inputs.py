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
Bad films, pictures and bags end a command with a sentence and exit code 1, and sound ones do not.

Run as a program, with another checkout first in PYTHONPATH, it says how each row ends there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
import io
import json
import os
from pathlib import Path
import subprocess
import sys

import av
import hostile_pictures
import numpy as np
from PIL import Image as Picture
import pytest
from rosbags.rosbag2 import StoragePlugin
from tiny_bags import CAMERA
from tiny_bags import header
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.sources.bag import COMPRESSED_IMAGE
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.bag import typestore

PIXELS = np.full((48, 64, 3), 90, np.uint8)


@dataclass(frozen=True)
class Row:
    """
    One bad input.

    :param make: writes it into a folder and returns its path
    :param says: words of the sentence
    :param code: that the command ends with
    """

    name: str
    make: Callable[[Path], Path]
    says: str
    code: int = 1


def file(name, content=b'') -> Callable[[Path], Path]:
    def make(folder):
        path = Path(os.fsdecode(os.fsencode(folder) + b'/' + os.fsencode(name)))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content() if callable(content) else content)
        return path
    return make


def metadata(content) -> Callable[[Path], Path]:
    return lambda folder: file('bag/metadata.yaml', content)(folder).parent


def named(name, make):
    """Give what is made another name."""
    return lambda folder: make(folder).rename(
        os.fsdecode(os.fsencode(folder) + b'/' + name))


def pictures(*contents, names='{}.png') -> Callable[[Path], Path]:
    def make(folder):
        path = folder / 'pictures'
        path.mkdir()
        for index, content in enumerate(contents):
            (path / names.format(index)).write_bytes(content() if callable(content) else content)
        return path
    return make


def film(change=lambda data: data, codec='libx264', suffix='.mp4', frames=20, **options):
    def make(folder):
        path = folder / f'film{suffix}'
        with av.open(str(path), 'w', options=options) as out:
            video = out.add_stream(codec, rate=10)
            video.width, video.height = 64, 48
            video.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
            for _ in range(frames):
                out.mux(video.encode(av.VideoFrame.from_ndarray(PIXELS, format='rgb24')))
            if frames:
                out.mux(video.encode(None))
            else:
                out.start_encoding()
        path.write_bytes(change(path.read_bytes()))
        return path
    return make


def sound(folder):
    with av.open(str(folder / 'a.wav'), 'w') as out:
        stream = out.add_stream('pcm_s16le', rate=8000, layout='mono')
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), 's16', 'mono')
        frame.rate = 8000
        out.mux(stream.encode(frame))
    return folder / 'a.wav'


def png():
    data = io.BytesIO()
    Picture.fromarray(PIXELS).save(data, 'PNG')
    return data.getvalue()


def bag(*messages, plugin=StoragePlugin.MCAP, after=lambda path: None):
    """Make a bag: each message is its type and its fields, or bytes, half a second apart."""
    def make(folder):
        path = folder / 'bag'
        types = typestore().types
        with TinyBag(path, plugin=plugin) as out:
            for index, (topic, type, message) in enumerate(messages):
                stamp = START + index * 500_000_000
                if isinstance(message, dict):
                    time = message.get('stamp')
                    message = types[type](
                        header=header(stamp) if time is None else types['std_msgs/msg/Header'](
                            stamp=types['builtin_interfaces/msg/Time'](*time), frame_id=''),
                        **{name: value for name, value in message.items() if name != 'stamp'})
                out.write(topic, type, message, stamp)
        after(path)
        return path
    return make


def image(stamp=None, encoding='rgb8', height=48, width=64, step=None, data=None):
    size = {'rgb8': 3, '16UC1': 2, '32FC1': 4}.get(encoding, 1)
    return CAMERA, IMAGE, {
        'stamp': stamp, 'height': height, 'width': width, 'encoding': encoding,
        'is_bigendian': 0, 'step': width * size if step is None else step,
        'data': np.full(height * width * size, 90, np.uint8) if data is None else data}


def compressed(data, format='jpeg', topic=f'{CAMERA}/compressed'):
    return topic, COMPRESSED_IMAGE, {'format': format, 'data': np.frombuffer(data, np.uint8)}


def replaced(name, old, new):
    def after(path):
        text = (path / name).read_bytes()
        (path / name).write_bytes(text.replace(old, new))
    return after


def annotated(text, name='annotations.yaml'):
    return bag(*[image()] * 4, after=lambda path: (path / name).write_bytes(text))


BOMB = b'a: &a [x, x, x, x, x, x, x, x, x, x]\n' + b''.join(
    b'%c: &%c [%s]\n' % (after, after, b', '.join([b'*%c' % before] * 10))
    for before, after in zip(b'abcdefgh', b'bcdefghi', strict=True)) + b'instructions: *i\n'
MERGE_BOMB = b'a: &a {x: 1}\n' + b''.join(
    b'%c: &%c {<<: [%s]}\n' % (after, after, b', '.join([b'*%c' % before] * 10))
    for before, after in zip(b'abcdefgh', b'bcdefghi', strict=True)) + b'instructions: []\n'
ASKED = b'instructions:\n- {id: a, text: Tell me., asked: %s}\n'


def circle(folder):
    (folder / 'bag').symlink_to('bag')
    return folder / 'bag'


BOTH = [
    Row('a link to itself', circle, 'does not exist'),
    Row('nothing', lambda folder: folder / 'missing', 'does not exist'),
    Row('nothing, in bytes', lambda folder: Path(os.fsdecode(os.fsencode(folder) + b'/\xff')),
        'does not exist'),
    Row('an endless name', lambda folder: folder / ('a' * 5000), 'too long'),
    Row('an empty folder', pictures(), 'no'),
    Row('text as mcap', file('a.mcap', b'hello'), 'cannot be read as a bag'),
    Row('text as db3', file('a.db3', b'hello' * 1000), 'cannot be read as a bag'),
    Row('an empty mcap', file('a.mcap'), 'cannot be read as a bag'),
    Row('an empty db3', file('a.db3'), 'cannot be read as a bag'),
    Row('a name of two lines', file('a\nb.mcap', b'hello'), 'cannot be read as a bag'),
    Row('a name in bytes', file(b'\xff\xfe.mcap', b'hello'), 'cannot be read as a bag'),
    Row('metadata alone', bag(image(), after=lambda path: (path / 'bag.mcap').unlink()),
        'cannot be read as a bag'),
    Row('metadata bomb alone', metadata(BOMB), 'cannot be read as a bag'),
    Row('metadata of no text', metadata(b'\xff\xfe\0'),
        'cannot be read as a bag'),
    Row('nested metadata', metadata(b'[' * 9000), 'cannot be read as a bag'),
    Row('a bag without images', bag(
        ('/text', 'std_msgs/msg/String', b'\0\1\0\0\2\0\0\0a\0')), 'has no camera'),
    Row('a bag of depth', bag(*[image(encoding='16UC1')] * 4), 'no frame that can be used'),
    Row('a bag of compressed depth', bag(compressed(
        b'\0' * 12 + png(), '16UC1; compressedDepth png', f'{CAMERA}/compressedDepth')),
        'has no camera'),
    Row('a bag of depth as PNG', bag(*[compressed(png(), '16UC1; png compressed ')] * 4),
        'no frame that can be used'),
    Row('a bag of garbage', bag(*[compressed(b'\xff\xd8' + b'\7' * 900 + b'\xff\xd9')] * 4),
        'no frame that can be used'),
    Row('a bag of video', bag(*[compressed(b'\0\0\0\1\x67\x42', 'h264')] * 4),
        'no frame that can be used'),
    Row('a bag of hidden sizes', bag(*[compressed(
        hostile_pictures.hidden('marker without length', 16000))] * 4),
        'no frame that can be used'),
    Row('a bag of no pixels', bag(*[image(height=0, data=np.zeros(0, np.uint8))] * 4),
        'no frame that can be used'),
    Row('a bag of short buffers', bag(*[image(data=np.zeros(7, np.uint8))] * 4),
        'no frame that can be used'),
    Row('a bag of other messages', bag(*[(CAMERA, IMAGE, b'\0\1\0\0' + b'\xff' * 50)] * 4),
        'no frame that can be used'),
    Row('a bag before time', bag(*[image((-5 - index, 0)) for index in range(4)]),
        'no frame that can be used'),
    Row('a bag of endless nanoseconds', bag(*[
        image((2**31 - 1, 2**32 - 1 - index)) for index in range(4)]),
        'no frame that can be used'),
]
SOUND = [
    Row('a bag of frames', bag(*[image()] * 4), '', 0),
    Row('a bag at the end of time', bag(*[
        image((2**31 - 1, index * 10**8)) for index in range(4)]), '', 0),
    Row('a bag without stamps', bag(*[image((0, 0))] * 4), 'times of recording', 0),
    Row('a bag of a later release', bag(*[image()] * 4, after=replaced(
        'metadata.yaml', b'version: 9', b'version: 12')), 'without metadata.yaml', 0),
    Row('a bag with one bad picture', bag(image(), image(data=np.zeros(7, np.uint8)), image()),
        'short buffer', 0),
    Row('a bag with an alias bomb', bag(*[image()] * 4, after=lambda path: (
        path / 'metadata.yaml').write_bytes(BOMB)), 'without metadata.yaml', 0),
    Row('a bag with endless metadata', bag(*[image()] * 4, after=lambda path: os.truncate(
        path / 'metadata.yaml', 20_000_000)), 'more than 16000000 bytes', 0),
    *(Row(f'a bag named {name!r}', named(name, bag(*[image()] * 4)), '', 0) for name in (
        b'\xff\xfe', b'two\nlines', b'12:30:05', b'100%20', b'a?mode=rw#b',
        b'\x1b[31mred', b'-i')),
    Row('a bag of the end of time and beyond', bag(*[
        image((2**31 - 1, index * 4 * 10**8)) for index in range(4)]), 'bad stamp', 0),
]
WATCH = [
    Row('an empty file', file('a.mp4'), 'cannot be read as a video'),
    Row('text as film', file('a.mp4', b'hello'), 'cannot be read as a video'),
    Row('a playlist', file('a.m3u8', b'#EXTM3U\n#EXTINF:1,\nhttp://localhost:9/a.ts\n'),
        'cannot be read as a video'),
    Row('a folder of text', pictures(b'hello', names='{}.txt'), 'neither images'),
    Row('a folder of Mac files', pictures(b'\0\5\x16\7' * 9, names='._{}.png'), 'neither images'),
    Row('pictures that break off', pictures(lambda: png()[:-60], lambda: png()[:-60]),
        'no frame that can be used'),
    Row('empty pictures', pictures(b'', b''), 'no frame that can be used'),
    Row('a GIF by another name', pictures(b'GIF89a' + bytes(60), names='{}.jpg'), 'GIF'),
    Row('a picture of 4 GP', pictures(lambda: hostile_pictures.png(65535, 65535, rows=1)),
        'no frame that can be used'),
    Row('a picture of 100 MP', pictures(lambda: hostile_pictures.png(10000, 10000, rows=1)),
        'no frame that can be used'),
    Row('a picture of 7000 scans', pictures(
        lambda: hostile_pictures.of_many_scans(4000, 7000), names='{}.jpg'), 'scans'),
    Row('a picture of text bombs', pictures(lambda: hostile_pictures.png(
        8, 8, before=hostile_pictures.text_bombs(80, 1_000_000))), 'no frame that can be used'),
    Row('sound', sound, 'no video stream'),
    Row('a film of no frames', film(frames=0, suffix='.mkv'), 'film.mkv'),
    Row('a film that nothing decodes', film(
        lambda data: data.replace(b'avc1', b'zzz9').replace(b'avcC', b'zzzC')), 'decodes'),
    Row('a film without its index', film(lambda data: data[:len(data) // 2]),
        'cannot be read as a video'),
    Row('a film without its end', film(
        lambda data: data[:len(data) * 8 // 10], movflags='faststart'), 'film.mp4'),
    Row('a film of zeros', film(
        lambda data: data[:40] + bytes(len(data) - 40), 'mjpeg', '.avi'), 'film.avi'),
]
FILMS = [row for row in WATCH if row.name in (
    'an empty file', 'text as film', 'sound', 'a film of no frames', 'a film that nothing decodes',
    'a film without its index', 'a film of zeros')]
EVALUATE = [
    Row('a film', film(), 'cannot be read as a bag'),
    Row('annotations of no text', annotated(b'\xff\xfe\0'), 'cannot be read'),
    Row('annotations of no YAML', annotated(b'{[}'), 'cannot be read'),
    Row('nested annotations', annotated(b'[' * 9000), 'cannot be read'),
    Row('nested JSON', annotated(b'[' * 99999, 'annotations.json'), 'cannot be read'),
    Row('endless annotations', annotated(b'#' * 20_000_000), 'more than 16000000 bytes'),
    Row('an alias bomb', annotated(BOMB), 'aliases'),
    Row('a bomb of merges', annotated(MERGE_BOMB), 'aliases'),
    Row('an endless alias', annotated(b'instructions: &a [*a]'), 'alias'),
    Row('asked at no number', annotated(ASKED % b'.nan'), 'asked is nan'),
    Row('asked never', annotated(ASKED % b'.inf'), 'asked is inf'),
    Row('asked beyond time', annotated(ASKED % b'1e300'), 'asked is 1e+300'),
    Row('asked in words', annotated(ASKED % b'"now"'), "asked is 'now'"),
    Row('a bad date', annotated(b'instructions: [{id: 2026-99-99, text: a}]'), 'annotations.yaml'),
    Row('no list', annotated(b'instructions: 3'), 'no list'),
]
TABLE = {
    'watch': [*BOTH, *WATCH, *SOUND], 'evaluate': [*BOTH, *EVALUATE, *SOUND],
    'convert': [replace(row, says='1 of 1 records were bad') for row in FILMS]}


def arguments(command: str, path: Path, folder: Path) -> list[str]:
    if command == 'watch':
        return ['watch', str(path), '-i', 'Tell me when the light goes on.', '--jsonl', '-']
    if command == 'evaluate':
        given = folder / 'asked.yaml'
        given.write_text('instructions:\n- {id: a, text: Tell me., asked: 0}\n')
        beside = any((folder / 'bag').glob('annotations.*'))
        return ['evaluate', str(path), '--out', str(folder / 'out'),
                *([] if beside else ['--annotations', str(given)])]
    raw = folder / 'raw.json'
    raw.write_text(json.dumps([{
        'video_path': path.name, 'video_name': 'a', 'task_type': 'a', 'source': 'a',
        'question': [{'content': 'Tell me.', 'time': '0'}],
        'response': [{'content': 'Yes.', 'st_time': 0, 'end_time': 1, 'time': '1'}]}]))
    return ['convert', str(raw), str(folder / 'stream.json'), '--videos', str(path.parent)]


ROWS = [(command, row) for command, rows in TABLE.items() for row in rows]


@pytest.mark.parametrize('command, row', ROWS, ids=lambda one: getattr(one, 'name', one))
def test_a_bad_input_is_a_sentence(tmp_path, command, row, capfd):
    from streamo_ros.cli.main import main
    path = row.make(tmp_path)
    code = main(arguments(command, path, tmp_path))
    said = capfd.readouterr().err
    assert row.says in said
    assert code == row.code, said
    assert len(said.splitlines()) <= 6 and max(map(len, said.splitlines()), default=0) < 6000
    if row.code:
        assert said.splitlines()[-1].startswith('streamo: ')


def trouble(command: str, row: Row, folder: Path) -> str:
    """Return in a word how a row ends otherwise than it should; '' where it does not."""
    run_it = 'import sys; from streamo_ros.cli.main import main; sys.exit(main(sys.argv[1:]))'
    path = row.make(folder)
    try:
        run = subprocess.run(
            [sys.executable, '-c', run_it, *arguments(command, path, folder)],
            capture_output=True, timeout=60, cwd=folder)
    except subprocess.TimeoutExpired:
        return 'hung'
    said = run.stderr.decode(errors='replace')
    if 'Traceback' in said:
        return 'traceback'
    if run.returncode != row.code:
        return f'code {run.returncode}'
    if row.says not in said:
        return 'other words'
    return ''


if __name__ == '__main__':
    import tempfile
    for command, row in ROWS:
        with tempfile.TemporaryDirectory() as name:
            ends = trouble(command, row, Path(name)) or 'as it should'
            print(f'{command:10}{row.name:32}{ends}', flush=True)
