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

"""Live streams over real sockets: read, lost, found again, and never in anybody's way."""

import socket
import threading
import time

from live_servers import encode
from live_servers import ended
from live_servers import file_server
from live_servers import mjpeg_camera
from live_servers import number_of
from live_servers import rtsp_camera
from live_servers import SECRET
from live_servers import SIZE
import numpy as np
import pytest

from streamo_ros.sources import live_source
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.live_address import live_address
from streamo_ros.sources.live_source import LiveSource
from streamo_ros.sources.live_source import open_live
from streamo_ros.sources.source_error import SourceError

PATIENCE_S = 60.0     # that the machine may be busy with other things
CAMERAS = {'mjpeg': mjpeg_camera, 'rtsp': rtsp_camera}


@pytest.fixture
def opened(monkeypatch):
    """Give a function that opens sources; all are closed at the end."""
    monkeypatch.setattr(live_source, 'SHORTEST_S', 0.1)
    sources = []

    def open_source(url, **options):
        said = []
        source = LiveSource(live_address(url), said.append, **options)
        sources.append(source)
        source.start()
        return source, said
    yield open_source
    for source in sources:
        source.close()


def take(frames, count):
    """Return (stamp, number of the picture) of the next pictures."""
    taken = []
    for frame in frames:
        assert frame.stamp <= time.time_ns()
        taken.append((frame.stamp, number_of(frame.picture())))
        if len(taken) == count:
            return taken
    raise AssertionError('the stream has ended')


def wait(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.01)


@pytest.mark.parametrize('kind', CAMERAS)
def test_a_camera_that_is_killed_is_found_again_and_stamps_go_on(opened, kind):
    server, url = CAMERAS[kind]()
    with ended(server):
        source, said = opened(url)
        frames = source.frames()
        before = take(frames, 5)
        assert source.figures.size == SIZE and source.trouble == '' and said == []
    wait(lambda: source.trouble)
    assert 'connecting again' in said[0]
    server, _ = CAMERAS[kind](port=server.server_address[1])
    with ended(server):
        after = take(frames, 5)
        assert 'pictures come again' in said[-1]
        stamps = [stamp for stamp, _ in before + after]
        assert stamps == sorted({*stamps})
        assert 0 <= time.time_ns() - stamps[-1] < 60 * 10**9
        assert source.figures.connections >= 2


def test_the_newest_picture_wins(opened):
    server, url = mjpeg_camera(rate=50)
    with ended(server):
        source, _ = opened(url)
        frames = source.frames()
        take(frames, 1)
        seen = source.figures.received
        wait(lambda: source.figures.received >= seen + 10)
        now = time.time_ns()
        wait(lambda: source.figures.received >= seen + 20)
        (stamp, _), = take(frames, 1)
        assert stamp > now and source.figures.passed_over >= 15


@pytest.mark.parametrize('kind', CAMERAS)
def test_a_password_opens_and_is_never_said(opened, kind, capfd):
    server, url = CAMERAS[kind](locked=True)
    with ended(server):
        source, said = opened(url.replace('//', f'//{SECRET}@'))
        take(source.frames(), 2)
        wrong, refused = opened(url.replace('//', '//cctv:wr%40ng@'))
        with pytest.raises(SourceError, match='401'):
            take(wrong.frames(), 1)
        server.kill()
        wait(lambda: source.trouble)
    output = capfd.readouterr()
    everything = ' '.join([*said, *refused, source.trouble, wrong.trouble, output.out, output.err])
    assert said and all(word not in everything for word in (
        'cctv', 'p@ss', 'p%40ss', 'wr@ng', 'wr%40ng'))


def test_who_is_refused_does_not_try_again_soon(opened, monkeypatch):
    server, url = mjpeg_camera(locked=True)
    waits = []
    with ended(server):
        source, said = opened(url, patient=True)
        monkeypatch.setattr(
            source._closed, 'wait', lambda seconds: waits.append(seconds) or time.sleep(0.05))
        wait(lambda: waits)
        assert waits[0] == live_source.REFUSED_S
        assert '401' in said[0]


def test_a_camera_that_is_not_there_yet_is_waited_for_less_and_less_often(opened, monkeypatch):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        port = taken.getsockname()[1]
    impatient, said = opened(f'http://127.0.0.1:{port}/stream')
    with pytest.raises(SourceError, match=f'127.0.0.1:{port}/stream: .*refused'):
        take(impatient.frames(), 1)
    assert said == []   # the error says it
    patient, said = opened(f'http://127.0.0.1:{port}/stream', patient=True)
    waits = []
    wait(lambda: patient.trouble != 'no connection yet')
    for _ in range(3):
        waits.append(patient._wait_s)
        wait(lambda: patient._wait_s > waits[-1])  # noqa: B023
    assert len(said) == 1   # once, however often it is tried
    server, _ = mjpeg_camera(port=port)
    with ended(server):
        take(patient.frames(), 2)
        assert patient._wait_s == live_source.SHORTEST_S


def test_a_server_that_says_nothing_is_given_up_and_closing_waits_for_nothing(
        opened, monkeypatch):
    with socket.create_server(('127.0.0.1', 0)) as silent:
        url = f'http://127.0.0.1:{silent.getsockname()[1]}/stream'
        patient, _ = opened(url)
        begun = threading.Event()
        thread = threading.Thread(
            target=lambda: (begun.set(), list(patient.frames())), daemon=True)
        thread.start()
        begun.wait()
        patient.close()
        thread.join()   # though the library waits on
        monkeypatch.setattr(live_source, 'SOCKET_S', 0.2)
        source, _ = opened(url)
        with pytest.raises(SourceError, match='nothing came for 0.2 s|timed out'):
            take(source.frames(), 1)


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('site')
    encode(folder / 'film.mp4', range(10), movflags='faststart')
    encode(folder / 'list.m3u8', range(80), 'hls', hls_time='1', hls_list_size='0',
           hls_segment_filename=str(folder / 'part%02d.ts'))
    (folder / 'local.m3u8').write_text(
        '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n'
        f'file://{folder}/part00.ts\n#EXT-X-ENDLIST\n')
    (folder / 'page.html').write_text('<p>Log in first.</p>')
    server, url = file_server(folder)
    with ended(server):
        yield url


def test_a_film_that_is_fetched_ends_with_its_last_picture_at_its_own_pace(opened, site):
    source, said = opened(f'{site}film.mp4')
    before = time.monotonic()
    frames = [(frame.stamp, number_of(frame.picture())) for frame in source.frames()]
    assert time.monotonic() - before >= 0.9
    assert frames[-1][1] == 9 and len(frames) + source.figures.passed_over == 10
    assert np.diff([stamp for stamp, _ in frames]).min() > 0
    assert said == [] and source.trouble == live_source.ENDED


def test_a_live_list_of_segments_is_followed_at_its_own_pace(opened, site):
    source, said = opened(f'{site}live.m3u8')
    taken = take(source.frames(), 25)
    assert source.figures.kind == 'hls h264' and said == []
    assert np.diff([stamp for stamp, _ in taken]).min() > 0


def test_a_list_cannot_have_files_of_this_machine_read(opened, site):
    source, _ = opened(f'{site}local.m3u8')
    with pytest.raises(SourceError):
        take(source.frames(), 1)


def test_what_holds_no_film_is_refused_in_a_sentence(opened, site):
    for name, says in (('page.html', 'page.html: '), ('missing', '404')):
        source, _ = opened(site + name)
        with pytest.raises(SourceError, match=says):
            take(source.frames(), 1)


def test_what_cannot_be_decoded_is_counted_and_said_and_the_stream_goes_on(opened, monkeypatch):
    large = threading.Event()

    def picture(number):
        shape = (1024, 1024, 3) if large.is_set() else (48, 64, 3)
        return np.full(shape, 100, np.uint8)
    monkeypatch.setattr(live_source, 'BLIND_S', 0.2)
    server, url = mjpeg_camera(picture=picture)
    address = live_address(url)
    monkeypatch.setattr('streamo_ros.sources.film.LIMITS', live_source.LIMITS.__class__(
        pixels=100 * 100))
    with ended(server):
        said = []
        source = LiveSource(address, said.append)
        source.start()
        try:
            take(source.frames(), 2)
            large.set()
            wait(lambda: source.trouble)
            assert 'no picture can be decoded' in said[0] and source.figures.damaged > 0
            large.clear()
            take(source.frames(), 2)
            assert 'come again' in said[-1] and source.figures.connections == 1
        finally:
            source.close()


def test_a_picture_that_is_too_large_is_a_bad_image(opened, monkeypatch):
    server, url = mjpeg_camera()
    with ended(server):
        source, _ = opened(url)
        frame = next(source.frames())
        monkeypatch.setattr('streamo_ros.sources.film.LIMITS', live_source.LIMITS.__class__(
            pixels=100))
        with pytest.raises(ImageError, match='more than 100'):
            frame.picture()


def test_as_a_recording_it_is_closed_with_its_frames():
    server, url = mjpeg_camera()
    with ended(server):
        recording = open_live(live_address(url), lambda sentence: None)
        assert recording.seconds is None
        assert server.asked == 0    # nothing is opened that nobody goes through
        next(recording.frames)
        recording.frames.close()
        wait(lambda: 'live source' not in {thread.name for thread in threading.enumerate()})


def test_a_webcam_is_read():
    from pathlib import Path
    devices = sorted(Path('/dev').glob('video*'))
    if not devices:
        pytest.skip('no webcam here: with one at /dev/video0 this test runs')
    source = LiveSource(live_address(str(devices[0])), print)
    source.start()
    assert take(source.frames(), 2)
    source.close()
