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
"""Rows: which streams they hold, which frames, and who sees whom."""

from dataclasses import replace
import json
import struct

import av
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs torch')

from tiny_streams import damage  # noqa: E402
from tiny_streams import picture  # noqa: E402
from tiny_streams import record  # noqa: E402
from tiny_streams import SCRIPTS  # noqa: E402
from tiny_streams import write_streams  # noqa: E402
from tiny_streams import write_video  # noqa: E402

from streamo_ros.models import load_checkpoint  # noqa: E402
from streamo_ros.sources.stream_file import DataError  # noqa: E402
from streamo_ros.sources.stream_file import StreamFile  # noqa: E402
from streamo_ros.training.rows import _tell  # noqa: E402
from streamo_ros.training.rows import frames_at  # noqa: E402
from streamo_ros.training.rows import pack  # noqa: E402
from streamo_ros.training.rows import Rows  # noqa: E402
from streamo_ros.training.rows import Source  # noqa: E402
from streamo_ros.training.rows import survey  # noqa: E402
from streamo_ros.training.rows import visible_mask  # noqa: E402
from streamo_ros.training.sequence import IGNORED  # noqa: E402
from streamo_ros.training.sequence import window_mask  # noqa: E402


@pytest.fixture
def source(tmp_path):
    file = write_streams(tmp_path)
    checkpoint = load_checkpoint('nano')
    prompt = record('', '')['messages'][0]['content']
    return Source(StreamFile(file), tmp_path, checkpoint, prompt)


def test_rows_hold_every_stream_once_and_no_more_than_fits():
    lengths = dict(enumerate(np.random.default_rng(0).integers(1, 100, 500).tolist()))
    rows = pack(lengths, 120, seed=1)
    assert sorted(index for row in rows for index in row) == list(range(500))
    assert max(sum(lengths[index] for index in row) for row in rows) <= 120
    assert len(rows) < 1.15 * sum(lengths.values()) / 120


def test_rows_follow_from_the_seed_alone():
    lengths = {index: 10 + index % 7 for index in range(50)}
    again = dict(reversed(lengths.items()))
    assert pack(lengths, 40, 3) == pack(again, 40, 3) != pack(lengths, 40, 4)


def test_a_row_is_its_streams_side_by_side(source):
    alone = [Rows(source, [[index]])[0] for index in (2, 0)]
    row = Rows(source, [[2, 0]])[0]
    for name, dim in (('input_ids', 1), ('labels', 1), ('turns', 1), ('position_ids', 2),
                      ('pixel_values', 0), ('image_grid_thw', 0)):
        torch.testing.assert_close(row[name], torch.cat([one[name] for one in alone], dim))
    lengths = [one['input_ids'].shape[1] for one in alone]
    assert row['streams'].tolist() == [[0] * lengths[0] + [1] * lengths[1]]
    image = source.checkpoint.tokenizer.image_id
    assert int((row['input_ids'] == image).sum()) * 4 == len(row['pixel_values'])


def test_a_share_of_the_states_is_supervised_and_another_in_each_row(source):
    rows = [[2, 0], [2, 0]]
    whole = Rows(source, rows)[0]
    none, some = Rows(source, rows, 0.0, seed=1), Rows(source, rows, 0.5, seed=1)
    counts = [int((row['labels'] != IGNORED).sum()) for row in (whole, none[0], some[0])]
    # Of BRS and SBBRS every state is a change but the second B.
    assert counts[0] - counts[1] == 1 and counts[1] <= counts[2] <= counts[0]
    torch.testing.assert_close(none[0]['input_ids'], whole['input_ids'])
    torch.testing.assert_close(some[1]['labels'], Rows(source, rows, 0.5, seed=1)[1]['labels'])
    many = Rows(source, [[0]] * 20, 0.5)
    assert len({int((many[row]['labels'] != IGNORED).sum()) for row in range(20)}) == 2


def test_no_token_sees_another_stream_or_what_comes():
    streams = torch.tensor([[0, 0, 0, 1, 1, 2]])
    mask = visible_mask(streams, torch.zeros_like(streams), None)[0, 0]
    for one in range(6):
        for two in range(6):
            assert mask[one, two] == (streams[0, one] == streams[0, two] and two <= one)


def test_a_window_shows_what_the_engines_shows():
    turns = torch.tensor([[-1, -1, 0, 0, 1, 1, 2, 3, 3]])
    for window in (1, 2, 4):
        expected = window_mask(turns[0].numpy(), window)
        for other in (0, 5):  # alone, and after another stream
            streams = torch.cat([torch.zeros(1, other), torch.ones(1, 9)], 1)
            mask = visible_mask(streams, torch.cat([turns[:, :other], turns], 1), window)[0, 0]
            np.testing.assert_array_equal(mask[other:, other:], expected)
            assert not mask[other:, :other].any()


def test_a_lone_stream_that_is_all_in_sight_needs_no_mask():
    streams = torch.zeros(1, 4, dtype=torch.long)
    assert visible_mask(streams, streams, None) is None
    assert visible_mask(streams, streams, 1) is not None


def nearest(frame, script):
    """Return the turn whose picture a decoded frame is; the codec loses a little."""
    return min(range(len(script)), key=lambda turn: np.abs(
        picture(script, turn).astype(int) - frame).mean())


def test_each_turn_has_the_first_frame_at_or_after_its_time(tmp_path):
    script = 'SBBBB'
    write_video(tmp_path / 'a.mp4', script)  # four frames a second
    frames = frames_at(tmp_path / 'a.mp4', [0, 0.9, 1, 1.75, 1.76, 4.5])
    assert [nearest(frame, script) for frame in frames] == [0, 1, 1, 1, 2, 4]


def test_a_video_that_ends_in_the_last_turn_shows_its_last_frame(tmp_path):
    write_video(tmp_path / 'a.mp4', 'SB')
    frames = frames_at(tmp_path / 'a.mp4', [0, 1.9, 2.9])
    assert [nearest(frame, 'SB') for frame in frames] == [0, 1, 1]


@pytest.mark.parametrize('packets, missing', [
    ([], []), ([5], []), ([4], []), (range(4, 8), [1]), (range(3, 9), [1]), (range(4, 12), [1, 2]),
    (range(12, 20), [3, 4]), (range(17, 20), []), ([19], []), (range(0, 4), [0]),
    (range(10, 20), [3, 4])])
def test_where_a_video_is_damaged_there_is_no_frame(tmp_path, packets, missing):
    script = 'SBBBB'
    write_video(tmp_path / 'a.avi', script, 'mjpeg')  # each packet is a frame of its own
    frames = frames_at(damage(tmp_path / 'a.avi', *packets), range(5))
    assert [turn for turn, frame in enumerate(frames) if frame is None] == missing
    for turn, frame in enumerate(frames):
        assert frame is None or nearest(frame, script) == turn


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv'])
def test_where_a_video_breaks_off_there_is_no_frame(tmp_path, name):
    write_video(tmp_path / 'whole.mp4', 'SBBBBSBBBB')
    with av.open(str(tmp_path / 'whole.mp4')) as source, av.open(
            str(tmp_path / name), 'w', options={'movflags': 'faststart'} if name == 'a.mp4' else {}
            ) as target:
        video = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[:len(data) // 2])
    frames = frames_at(tmp_path / name, range(10))
    seen = sum(frame is not None for frame in frames)
    assert 0 < seen < 9
    assert all(frame is None for frame in frames[seen:])


def test_nothing_is_learned_at_a_turn_without_its_frame(source, capsys):
    whole = Rows(source, [[0], [2]])[0]
    write_video(source.videos / '0.avi', SCRIPTS[0], 'mjpeg')
    damage(source.videos / '0.avi', *range(8, 20)).rename(source.videos / '0.mp4')
    _tell.cache_clear()
    row = Rows(source, [[0], [2]])[0]
    at_turns = row['turns'] >= 2
    assert (whole['labels'][at_turns] != IGNORED).any()
    assert (row['labels'][at_turns] == IGNORED).all()
    torch.testing.assert_close(row['labels'][~at_turns], whole['labels'][~at_turns])
    assert row['pixel_values'].shape == whole['pixel_values'].shape
    assert 'nothing is learned at 3 of its 5 turns, from 2 s on' in capsys.readouterr().err


def test_a_video_of_which_nothing_is_left_is_refused(source):
    write_video(source.videos / '0.avi', SCRIPTS[0], 'mjpeg')
    damage(source.videos / '0.avi', *range(20)).rename(source.videos / '0.mp4')
    with pytest.raises(DataError, match='no frame that can be used'):
        Rows(source, [[0]])[0]


def test_a_portrait_video_is_trained_on_upright(source):
    file = source.videos / '0.mp4'
    data = bytearray(file.read_bytes())
    one = 1 << 16
    struct.pack_into(
        '>9i', data, data.find(b'tkhd') + 44, 0, one, 0, -one, 0, 0, 64 * one, 0, 1 << 30)
    file.write_bytes(data)
    frame = frames_at(file, [1])[0]
    assert frame.shape == (80, 64, 3)
    expected = np.rot90(picture(SCRIPTS[0], 1), -1)
    assert np.abs(frame.astype(int) - expected).mean() < 8
    assert source.read(0)[2] == source.checkpoint.frame.target(
        80, 64, source.checkpoint.vision.cell)


def test_frames_are_prepared_by_the_checkpoints_own_rule(source):
    spec, vision = source.checkpoint.frame, source.checkpoint.vision
    row = Rows(source, [[2]])[0]
    frames = [spec.scale(frame, spec.size) for frame in frames_at(
        source.videos / '2.mp4', range(len(SCRIPTS[2])))]
    assert spec.pair, 'nano sees pairs: that is what is tested'
    for index, before in enumerate([0, 0, 1]):
        patches = spec.normalise(spec.cut(frames[before], frames[index], vision), vision)
        part = row['pixel_values'].reshape(len(frames), len(patches), -1)[index]
        np.testing.assert_array_equal(part, patches)


def broken(source, **fields):
    """Return the source with its first record changed."""
    records = json.loads(source.file.file.read_text())
    records[0].update(fields)
    source.file.file.write_text(json.dumps(records))
    return replace(source, file=StreamFile(source.file.file))


def test_records_of_no_use_are_named_and_the_others_taken(source):
    lengths, refused = survey(source, 1000)
    assert sorted(lengths) == [0, 1, 2] and refused == []
    for index in lengths:
        assert lengths[index] == len(source.read(index)[1].ids)
    longest = max(lengths.values())
    assert lengths[1] == longest
    lengths, (reason,) = survey(source, longest - 1)
    assert sorted(lengths) == [0, 2] and f'record 1: {longest} tokens are more' in reason


@pytest.mark.parametrize('fields, reason', [
    ({'videos': ['nowhere.mp4']}, r'videos: .*nowhere\.mp4 does not exist'),
    ({'videos': ['stream.json']}, r'videos: .*cannot be read as a video'),
    ({'videos': ['2.mp4']}, r'3\.0 s and the last turn begins at 4 s'),
    ({'messages': record('0.mp4', 'SR', 'Another prompt.')['messages']}, 'another system prompt'),
])
def test_a_record_whose_video_or_prompt_does_not_fit_is_refused(source, fields, reason):
    if 'messages' not in fields:
        fields['messages'] = record('', SCRIPTS[0])['messages']
    with pytest.raises(DataError, match=f'stream.json, record 0: .*{reason}'):
        broken(source, **fields).read(0)


def test_labels_are_counted_where_they_are_due(source):
    row = Rows(source, [[0, 1]])[0]
    supervised = row['labels'][row['labels'] != IGNORED]
    states = [int((supervised == state).sum()) for state in source.checkpoint.tokenizer.state_ids]
    script = SCRIPTS[0] + SCRIPTS[1]
    assert states == [script.count(letter) for letter in 'SBR']
