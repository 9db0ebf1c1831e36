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
What is watched as it happens: the address of a camera in a network, or of a webcam.

An address may carry a user and a password, before its host or in what follows it. ``shown`` is
what of it may be printed, logged and published: neither of the two, and nothing of a query.
"""

from dataclasses import dataclass
import re
from urllib.parse import unquote
from urllib.parse import urlsplit

from streamo_ros.sources.decode import LIMITS
from streamo_ros.sources.source_error import SourceError

SOCKET_S = 10.0
"""What one exchange with a camera may take."""

LOOK_S = 1.0
"""What the library looks at a stream before it gives out the first picture."""

_SCHEMES = {
    'rtsp': 'rtsp,rtp,srtp,tcp,udp,tls', 'rtsps': 'rtsp,rtsps,rtp,srtp,tcp,udp,tls',
    'http': 'http,https,httpproxy,tcp,tls,crypto', 'https': 'http,https,httpproxy,tcp,tls,crypto'}
"""Each, and the protocols that what is found there may lead to: none reads files from here."""

_WEBCAM = re.compile(r'(/dev/(?:video\d+|v4l/[^?]+))(?:\?(.*))?')
_WEBCAM_OPTIONS = {
    'video_size': r'[1-9]\d{0,4}x[1-9]\d{0,4}', 'framerate': r'[1-9]\d{0,2}(?:\.\d{1,3})?',
    'input_format': r'[a-z0-9_]{1,32}'}
_SECRET = re.compile(r'[=@&;,]')


@dataclass(frozen=True)
class LiveAddress:
    """
    Where a live stream is, and how the library is to open it.

    :param shown: what may be printed
    :param url: the whole of it
    :param format: that it has; None: what it turns out to be
    :param options: of the library's protocol, demuxer and decoder
    """

    shown: str
    url: str
    format: str | None
    options: dict[str, str]


def is_live(source: str) -> bool:
    """Return whether a source is an address, and no file of this machine."""
    return bool(re.match(r'[A-Za-z][A-Za-z0-9+.-]*://', source) or _WEBCAM.fullmatch(source))


def live_address(source: str) -> LiveAddress:
    """
    Read an address: ``rtsp://``, ``rtsps://``, ``http://``, ``https://`` or ``/dev/video0``.

    A webcam's size, rate and format may follow: ``/dev/video0?video_size=1280x720&framerate=30``.

    :raises SourceError: when it is none; what it says holds no password
    """
    webcam = _WEBCAM.fullmatch(source)
    if webcam:
        return LiveAddress(webcam[1], webcam[1], 'v4l2', {
            'max_pixels': str(LIMITS.pixels), **_webcam_options(webcam[2])})
    if not re.fullmatch(r'[!-~]+', source):
        raise SourceError(
            'the address has blanks or letters that an address cannot have: write them as %20 ...')
    try:
        parts = urlsplit(source)
        port = parts.port
    except ValueError as error:
        raise SourceError(
            'the address cannot be understood: behind its host may stand a port, a number; in a '
            'password write / as %2F, @ as %40, : as %3A, # as %23, ? as %3F') from error
    if parts.scheme not in _SCHEMES:
        raise SourceError(
            'an address begins with ' + '://, '.join(_SCHEMES) + ':// or is a webcam, such as '
            '/dev/video0')
    if not parts.hostname:
        raise SourceError(f'the address has no host: {parts.scheme}://HOST/...')
    if '@' in parts.path + parts.query + parts.fragment:
        raise SourceError(
            'the address has an @ behind its host: in a password write / as %2F, @ as %40, # as '
            '%23, ? as %3F')
    host = f'[{parts.hostname}]' if ':' in parts.hostname else parts.hostname
    path = '/'.join(
        '...' if _SECRET.search(unquote(part)) else part for part in parts.path.split('/'))
    options = {
        'protocol_whitelist': _SCHEMES[parts.scheme], 'timeout': str(round(SOCKET_S * 1e6)),
        'analyzeduration': str(round(LOOK_S * 1e6)), 'max_pixels': str(LIMITS.pixels)}
    if parts.scheme.startswith('rtsp'):
        options['rtsp_flags'] = 'prefer_tcp'    # by UDP much of a large picture is lost
    return LiveAddress(
        f'{parts.scheme}://{host}{"" if port is None else f":{port}"}{path}'
        f'{"?..." if parts.query else ""}', source, None, options)


def _webcam_options(query: str | None) -> dict[str, str]:
    """
    Return the library's options that stand behind the ``?``.

    :raises SourceError: when one is unknown or makes no sense
    """
    options = {}
    for part in query.split('&') if query else ():
        name, _, value = part.partition('=')
        if not re.fullmatch(_WEBCAM_OPTIONS.get(name, '(?!)'), value):
            raise SourceError(
                'of a webcam video_size=1280x720, framerate=30 and input_format=mjpeg may be '
                f'given, joined by &: {part[:99]!r} is none of them')
        options[name] = value
    return options
