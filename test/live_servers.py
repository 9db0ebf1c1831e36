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
Cameras in a network, for tests: they speak HTTP and RTSP over real sockets, and can be killed.

The grey of each picture is its number, in steps of ``STEP``, so that pictures can be told apart.
"""

import base64
from contextlib import contextmanager
import functools
from http.server import BaseHTTPRequestHandler
from http.server import SimpleHTTPRequestHandler
from http.server import ThreadingHTTPServer
import io
import socket
import socketserver
import threading
import time

import av
import numpy as np
from PIL import Image

STEP = 8
SIZE = 64, 48
SECRET = 'cctv:p%40ss%2Fword'
_ALLOWED = 'Basic ' + base64.b64encode(b'cctv:p@ss/word').decode()


def grey(number):
    width, height = SIZE
    return np.full((height, width, 3), STEP * number % 256, np.uint8)


def number_of(pixels):
    return round(float(pixels.mean()) / STEP)


class Camera(socketserver.BaseServer):
    """What all servers share: they may want a password, and can be killed."""

    def start(self, rate=10.0, locked=False, **more):
        self.rate, self.locked = rate, locked
        self.asked = 0
        self.begun = time.monotonic()
        self.killed = threading.Event()
        self.sockets = []
        self.__dict__.update(more)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def process_request(self, request, client_address):
        self.asked += 1
        self.sockets.append(request)
        super().process_request(request, client_address)

    def kill(self):
        """Be gone at once, as a camera that loses its power; its port is free again."""
        self.killed.set()
        self.shutdown()
        self.server_close()
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join()

    def tick(self, number):
        """Wait until a picture is due; return False when there is none any more."""
        due = self.begun + number / self.rate
        return not self.killed.wait(max(0.0, due - time.monotonic()))

    def number_now(self):
        return int((time.monotonic() - self.begun) * self.rate) + 1


class HttpCamera(Camera, ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass  # whoever watched has gone, or it was killed


class _Mjpeg(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server = self.server
        if server.locked and self.headers.get('Authorization') != _ALLOWED:
            self.send_response(401)
            self.send_header('WWW-Authenticate', 'Basic realm="camera"')
            self.send_header('Content-Length', '0')
            self.end_headers()
            return
        self.send_response(200)
        self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
        self.end_headers()
        number = server.number_now()
        while server.tick(number):
            file = io.BytesIO()
            Image.fromarray(server.picture(number)).save(file, 'JPEG')
            data = file.getvalue()
            self.wfile.write(
                b'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n' % len(data)
                + data + b'\r\n')
            number += 1


def mjpeg_camera(port=0, picture=grey, **options):
    """Return (server, its URL)."""
    server = HttpCamera(('127.0.0.1', port), _Mjpeg).start(picture=picture, **options)
    return server, f'http://127.0.0.1:{server.server_address[1]}/stream'


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if self.path != '/live.m3u8':
            super().do_GET()
            return
        # Of the film's segments, those that a camera would have written by now.
        server = self.server
        now = int((time.monotonic() - server.begun) / server.segment_s) + 3
        names = sorted(path.name for path in server.folder.glob('*.ts'))
        first = max(0, min(now, len(names)) - 3)
        text = (f'#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{server.segment_s}\n'
                f'#EXT-X-MEDIA-SEQUENCE:{first}\n')
        for name in names[first:now]:
            text += f'#EXTINF:{server.segment_s}.0,\n{name}\n'
        self.send_response(200)
        self.send_header('Content-Type', 'application/vnd.apple.mpegurl')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def file_server(folder, port=0, **options):
    """Return (server, its URL, that ends with /); ``live.m3u8`` is a live list of its segments."""
    server = HttpCamera(
        ('127.0.0.1', port), functools.partial(_Files, directory=str(folder)),
    ).start(folder=folder, segment_s=1, **options)
    return server, f'http://127.0.0.1:{server.server_address[1]}/'


def encode(file, numbers, format=None, rate=10, codec='libx264', **options):
    """Write pictures of some numbers to a file, or send them as they are asked for."""
    with av.open(str(file), 'w', format=format, options=options) as container:
        video = container.add_stream(codec, rate=rate)
        video.width, video.height = SIZE
        video.pix_fmt = 'yuv420p'
        video.codec_context.gop_size = 5
        if codec == 'libx264':
            video.codec_context.options = {
                'tune': 'zerolatency', 'preset': 'ultrafast', 'x264-params': 'repeat-headers=1'}
        for place, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(grey(number), format='rgb24')
            frame.pts = place
            container.mux(video.encode(frame))
        container.mux(video.encode())


class _Rtsp(socketserver.StreamRequestHandler):
    """RTSP, with RTP in between: what packets there are is the library's own."""

    def handle(self):
        self.lock = threading.Lock()
        while (line := self.rfile.readline().decode().strip()) or True:
            if not line:
                return
            if line.startswith('$'):    # RTCP of the client's; its length is what follows
                return
            headers = {}
            while (header := self.rfile.readline().decode().strip()):
                name, _, value = header.partition(':')
                headers[name.lower()] = value.strip()
            self.answer(line.split()[0], headers)

    def answer(self, method, headers):
        server = self.server
        status, more, body = '200 OK', '', ''
        if server.locked and method != 'OPTIONS' and headers.get('authorization') != _ALLOWED:
            status, more = '401 Unauthorized', 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif method == 'OPTIONS':
            more = 'Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n'
        elif method == 'DESCRIBE':
            body = ('v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n'
                    'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n'
                    'a=fmtp:96 packetization-mode=1\r\na=control:track\r\n')
            more = 'Content-Type: application/sdp\r\n'
        elif method == 'SETUP':
            more = 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n'
        text = (f'RTSP/1.0 {status}\r\nCSeq: {headers["cseq"]}\r\nSession: 1\r\n{more}'
                f'Content-Length: {len(body)}\r\n\r\n{body}')
        with self.lock:
            self.wfile.write(text.encode())
        if method == 'PLAY' and status == '200 OK':
            threading.Thread(target=self.play, daemon=True).start()

    def play(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
            packets.bind(('127.0.0.1', 0))
            packets.settimeout(0.1)
            port = packets.getsockname()[1]
            ended = threading.Event()

            def numbers():
                number = self.server.number_now()
                while self.server.tick(number) and not ended.is_set():
                    yield number
                    number += 1

            sender = threading.Thread(
                target=encode, args=(f'rtp://127.0.0.1:{port}', numbers(), 'rtp'), daemon=True)
            sender.start()
            while sender.is_alive():
                try:
                    packet = packets.recv(65536)
                    if 200 <= packet[1] <= 204:     # RTCP comes by another channel
                        continue
                    with self.lock:
                        self.wfile.write(b'$\0' + len(packet).to_bytes(2, 'big') + packet)
                except TimeoutError:
                    pass
                except (OSError, ValueError):
                    ended.set()
                    return


class RtspCamera(Camera, socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass


def rtsp_camera(port=0, **options):
    """Return (server, its URL)."""
    server = RtspCamera(('127.0.0.1', port), _Rtsp).start(**options)
    return server, f'rtsp://127.0.0.1:{server.server_address[1]}/stream'


@contextmanager
def ended(server):
    """Give a server; it is killed at the end, unless it was."""
    try:
        yield server
    finally:
        if not server.killed.is_set():
            server.kill()
