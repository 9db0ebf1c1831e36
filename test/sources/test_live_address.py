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

"""What an address of a live camera may be, and that nothing secret in it is ever shown."""

import pytest

from streamo_ros.sources.live_address import is_live
from streamo_ros.sources.live_address import live_address
from streamo_ros.sources.source_error import SourceError


@pytest.mark.parametrize('source, shown', [
    ('rtsp://camera.local/stream1', 'rtsp://camera.local/stream1'),
    ('rtsp://admin:hidden@192.168.1.5:554/ch/1', 'rtsp://192.168.1.5:554/ch/1'),
    ('rtsps://hidden@camera/', 'rtsps://camera/'),
    ('http://admin:hi%40dden@[fe80::1]:8080/video', 'http://[fe80::1]:8080/video'),
    ('https://camera/mjpg?user=admin&pwd=hidden#hidden', 'https://camera/mjpg?...'),
    ('rtsp://camera/user=admin_password=hidden_channel=1.sdp', 'rtsp://camera/...'),
    ('rtsp://camera/a%3Dhidden/b', 'rtsp://camera/.../b'),
    ('HTTP://Camera', 'http://camera'),
])
def test_what_is_shown_of_an_address_holds_no_password(source, shown):
    assert is_live(source)
    address = live_address(source)
    assert address.shown == shown
    assert address.url == source


@pytest.mark.parametrize('source, says', [
    ('udp://camera:1234', 'rtsps://'), ('file:///etc/passwd', 'rtsps://'),
    ('rtsp:///stream', 'no host'), ('rtsp://admin:hid/den@camera/', 'cannot be understood'),
    ('rtsp://admin:1/hidden@camera/', '%40'), ('rtsp://admin:hid den@camera/', '%20'),
    ('http://camera/\r\nhidden: 1', '%20'), ('http://camera:99999/hidden', 'a port'),
    ('http://[hidden/', 'cannot be understood'),
])
def test_what_is_no_address_is_refused_and_nothing_of_it_is_said(source, says):
    assert is_live(source)
    with pytest.raises(SourceError, match=says) as refused:
        live_address(source)
    assert 'hid' not in str(refused.value)


@pytest.mark.parametrize('source', ['clip.mp4', '/data/bag', 'http:', 'C:/a', '/dev/null', ''])
def test_files_are_files(source):
    assert not is_live(source)


@pytest.mark.parametrize('scheme', ['rtsp', 'http', 'https'])
def test_nothing_that_is_found_at_an_address_can_have_files_of_this_machine_read(scheme):
    allowed = live_address(f'{scheme}://camera/').options['protocol_whitelist'].split(',')
    assert scheme in allowed and not {'file', 'concat', 'subfile', 'pipe', 'data'} & {*allowed}


def test_a_webcams_options_reach_the_library():
    plain = live_address('/dev/video0')
    assert (plain.url, plain.format, plain.shown) == ('/dev/video0', 'v4l2', '/dev/video0')
    options = {'video_size': '1280x720', 'framerate': '30', 'input_format': 'mjpeg'}
    full = live_address(
        '/dev/v4l/by-id/usb-Cam-index0?' + '&'.join(f'{k}={v}' for k, v in options.items()))
    assert full.url == '/dev/v4l/by-id/usb-Cam-index0'
    assert options.items() <= full.options.items()
    assert 'max_pixels' in full.options and 'timeout' not in full.options


@pytest.mark.parametrize('query', [
    'video_size=big', 'video_size=0x0', 'framerate=0', 'framerate=', 'input_format=a b', 'x=1',
    'video_size=1x1&&'])
def test_options_that_a_webcam_has_not_are_refused(query):
    with pytest.raises(SourceError, match='may be given'):
        live_address(f'/dev/video0?{query}')
