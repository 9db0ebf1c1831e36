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

"""Films from the field: damaged, covered, without times; read right or refused."""

from fractions import Fraction
import os

import av
import numpy as np
import pytest
from tiny_streams import damage

from streamo_ros.sources.decode import Limits
from streamo_ros.sources.film import open_film
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.source_error import SourceError


def write(path, codec='libx264', frames=40, rate=10, times=None, format=None, **options):
    with av.open(str(path), 'w', format=format, options=options) as out:
        video = out.add_stream(codec, rate=rate)
        video.width, video.height = 64, 48
        video.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
        if times:
            video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        for index in range(frames):
            pixels = np.full((48, 64, 3), 40 + 4 * index, np.uint8)
            pixels[:, index % 60:index % 60 + 4] = 255 - 4 * index
            frame = av.VideoFrame.from_ndarray(pixels, format='rgb24')
            if times:
                frame.pts, frame.time_base = times[index], Fraction(1, 1000)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def seen(recording):
    """Return the seconds of the frames that are good, and the reasons of those that are not."""
    good, bad = [], []
    for frame in recording.frames:
        try:
            frame.check()
            frame.picture()
            good.append(frame.stamp / 1e9)
        except ImageError as error:
            bad.append(str(error))
    return good, bad


@pytest.mark.parametrize('codec, name', [
    ('libx264', 'a.mp4'), ('libx264', 'a.mkv'), ('libx264', 'a.avi'), ('mpeg4', 'a.mp4'),
    ('mjpeg', 'a.avi'), ('libvpx-vp9', 'a.webm'), ('libx264', 'a.mov')])
def test_a_film_goes_on_behind_a_damaged_packet(tmp_path, codec, name):
    film = write(tmp_path / name, codec)
    whole, _ = seen(open_film(film))
    assert len(whole) == 40
    good, bad = seen(open_film(damage(film, 20)))
    assert good[-1] == whole[-1]
    assert len(good) == 39 and len(bad) <= 1  # MPEG-4 calls it a frame that was left out


def test_a_damaged_packet_is_a_bad_frame_that_says_where(tmp_path):
    film = damage(write(tmp_path / 'a.avi', 'mjpeg'), 20)
    good, bad = seen(open_film(film))
    assert len(good) == 39 and len(bad) == 1
    assert 'after 1.900 s' in bad[0]


def test_a_film_that_begins_with_damage_keeps_its_times(tmp_path):
    film = write(tmp_path / 'a.avi', 'mjpeg')
    damage(film, 0, 1, 2)
    recording = open_film(film)
    assert recording.size == (48, 64)
    good, bad = seen(recording)
    assert (len(good), len(bad), good[0]) == (37, 3, 0.3)


def test_a_film_of_which_nothing_can_be_decoded_is_refused(tmp_path):
    film = write(tmp_path / 'a.avi', 'mjpeg', frames=4)
    damage(film, *range(4))
    with pytest.raises(SourceError, match='no frame that can be used'):
        open_film(film)


def test_an_mp4_that_lost_its_end_says_so_behind_its_last_frame(tmp_path):
    film = write(tmp_path / 'a.mp4', movflags='faststart')
    data = film.read_bytes()
    film.write_bytes(data[:len(data) * 7 // 10])
    recording = open_film(film)
    stamps = []
    with pytest.raises(SourceError, match='breaks off after .* of its 40 packets are missing'):
        stamps.extend(frame.stamp for frame in recording.frames)


def test_a_film_that_ends_before_its_time_says_so(tmp_path):
    film = write(tmp_path / 'a.mkv')
    data = film.read_bytes()
    film.write_bytes(data[:len(data) * 6 // 10])
    recording = open_film(film)
    good, _ = seen(recording)
    assert 0 < len(good) < 30
    assert 'says that it has 4.000 s' in recording.notices[0]
    recording = open_film(write(tmp_path / 'b.mkv'))
    seen(recording)
    assert recording.notices == []


def with_cover(path, *, first, film=True):
    """Write a film whose file also holds a cover picture."""
    with av.open(str(path), 'w') as out:
        def add_cover():
            cover = out.add_stream('mjpeg')
            cover.width, cover.height, cover.pix_fmt = 32, 32, 'yuvj420p'
            cover.disposition = av.stream.Disposition.attached_pic
            return cover

        def add_film():
            video = out.add_stream('libx264', rate=10)
            video.width, video.height, video.pix_fmt = 64, 48, 'yuv420p'
            return video

        order = [add_cover, add_film] if first else [add_film, add_cover]
        streams = {make.__name__: make() for make in (order if film else [add_cover])}
        cover = streams['add_cover']
        packet, = cover.encode(av.VideoFrame.from_ndarray(
            np.full((32, 32, 3), 200, np.uint8), format='rgb24')) or cover.encode(None)
        out.mux(packet)
        video = streams.get('add_film')
        for _ in range(10 if video else 0):
            out.mux(video.encode(av.VideoFrame.from_ndarray(
                np.full((48, 64, 3), 20, np.uint8), format='rgb24')))
        if video:
            out.mux(video.encode(None))
    return path


@pytest.mark.parametrize('first', [True, False])
def test_the_cover_picture_is_not_the_film(tmp_path, first):
    recording = open_film(with_cover(tmp_path / 'a.mp4', first=first))
    assert recording.size == (48, 64)
    assert len(seen(recording)[0]) == 10


def test_a_file_of_a_cover_alone_is_refused(tmp_path):
    with pytest.raises(SourceError, match='cover picture and no film'):
        open_film(with_cover(tmp_path / 'a.mp4', first=True, film=False))


def test_a_stream_that_nothing_decodes_is_refused(tmp_path):
    film = write(tmp_path / 'a.mp4')
    data = film.read_bytes()
    film.write_bytes(data.replace(b'avc1', b'zzz9').replace(b'avcC', b'zzzC'))
    with pytest.raises(SourceError, match='nothing here decodes'):
        open_film(film)


def test_a_file_of_sound_alone_is_refused(tmp_path):
    with av.open(str(tmp_path / 'a.wav'), 'w') as out:
        sound = out.add_stream('pcm_s16le', rate=8000, layout='mono')
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), 's16', 'mono')
        frame.rate = 8000
        out.mux(sound.encode(frame))
    with pytest.raises(SourceError, match='no video stream'):
        open_film(tmp_path / 'a.wav')


def test_a_film_of_no_frames_is_refused(tmp_path):
    with av.open(str(tmp_path / 'a.mkv'), 'w') as out:
        video = out.add_stream('libx264', rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, 'yuv420p'
        out.start_encoding()
    with pytest.raises(SourceError, match=r'a\.mkv (holds no frame|cannot be read)'):
        open_film(tmp_path / 'a.mkv')


def test_times_of_a_variable_rate_are_kept(tmp_path):
    times = [0, 40, 80, 1000, 1033, 5000, 5001, 9000]
    film = write(tmp_path / 'a.mkv', frames=len(times), times=times)
    assert seen(open_film(film))[0] == pytest.approx([time / 1000 for time in times], abs=1e-3)


@pytest.mark.parametrize('codec, name, format', [
    ('libx264', 'a.h264', 'h264'), ('mjpeg', 'a.mjpeg', 'mjpeg')])
def test_a_film_without_times_advances_by_its_rate(tmp_path, codec, name, format):
    recording = open_film(write(tmp_path / name, codec, format=format))
    stamps, _ = seen(recording)
    assert len(stamps) == 40
    steps = np.diff(stamps)
    assert steps.min() > 0 and np.ptp(steps) < 1e-6


@pytest.mark.parametrize('name', [
    b'2026-05-01T12:30:05.mp4', b'http:x.mp4', b'100%.mp4', b'a%03d.mp4', b'two\nlines.mp4',
    b'\xff\xfe.mp4', b'-i.mp4', b'a b?c#d.mp4', b'file:a.mp4'])
def test_any_name_is_a_name(tmp_path, monkeypatch, name):
    write(tmp_path / 'clip.mp4', frames=5).rename(os.fsdecode(os.fsencode(tmp_path) + b'/' + name))
    monkeypatch.chdir(tmp_path)
    path = type(tmp_path)(os.fsdecode(name))
    assert len(seen(open_film(path))[0]) == 5


def test_pictures_that_are_too_large_are_refused_by_the_decoder_itself(tmp_path, monkeypatch):
    film = write(tmp_path / 'a.mp4')
    monkeypatch.setattr('streamo_ros.sources.film.LIMITS', Limits(pixels=64 * 48 - 1))
    with pytest.raises(SourceError, match='no frame that can be used: a packet .* cannot be'):
        open_film(film)
    monkeypatch.setattr('streamo_ros.sources.film.LIMITS', Limits(pixels=64 * 64))
    assert len(seen(open_film(film))[0]) == 40
