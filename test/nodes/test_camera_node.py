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

"""camera_node over real sockets and real DDS: what it publishes, says and survives."""

import signal
import socket
import sys

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from graph import stamp_ns
from live_servers import encode
from live_servers import ended
from live_servers import file_server
from live_servers import mjpeg_camera
from live_servers import rtsp_camera
from live_servers import SECRET
from live_servers import SIZE
import numpy as np
import pytest
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from streamo_ros.msg import StreamState
from streamo_ros.nodes.camera_node import CameraNode
from streamo_ros.nodes.parameters import ParameterError

COLOUR = 200, 100, 50


def coloured(number):
    return np.full((*SIZE[::-1], 3), COLOUR, np.uint8)


def start(graph, **parameters):
    options = [
        option for name, value in parameters.items() for option in ('-p', f'{name}:={value}')]
    return graph.run(
        sys.executable, '-m', 'streamo_ros.nodes.camera_node', '--ros-args', *options)


def hear(graph, kind, topic):
    heard = []
    graph.node.create_subscription(kind, topic, heard.append, 10)
    return heard


def health(graph):
    """Return what collects (message, values) of each diagnosis of the camera."""
    told = []
    graph.node.create_subscription(DiagnosticArray, '/diagnostics', lambda array: told.extend(
        (status, {value.key: value.value for value in status.values})
        for status in array.status if status.name == '/streamo_camera: camera'), 10)
    return told


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'jpeg'])
def test_pictures_are_published_as_they_were_asked_for(graph, encoding):
    server, url = mjpeg_camera(picture=coloured)
    with ended(server):
        start(graph, url=url, encoding=encoding, frame_id='front')
        jpeg = encoding == 'jpeg'
        heard = hear(graph, CompressedImage if jpeg else Image, (
            '/image/compressed' if jpeg else '/image'))
        graph.wait(lambda: len(heard) >= 3, 'pictures')
    image = heard[0]
    assert image.header.frame_id == 'front'
    if jpeg:
        assert image.format == 'bgr8; jpeg compressed bgr8'
        pixels = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    else:
        assert (image.encoding, image.step, image.is_bigendian) == (encoding, 3 * SIZE[0], 0)
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        pixels = pixels[..., ::-1] if encoding == 'bgr8' else pixels
    assert pixels.shape == (*SIZE[::-1], 3)
    assert np.abs(pixels.mean((0, 1)) - COLOUR).max() < 4
    stamps = [stamp_ns(message) for message in heard]
    assert stamps == sorted({*stamps})


def test_a_camera_that_is_killed_is_found_again_and_it_is_said(graph):
    told = health(graph)
    server, url = rtsp_camera(locked=True)
    (graph.folder / 'url').write_text(url.replace('//', f'//{SECRET}@') + '\n')
    with ended(server):
        process = start(graph, url_file=graph.folder / 'url')
        heard = hear(graph, Image, '/image')
        graph.wait(lambda: len(heard) >= 3, 'pictures')
        graph.wait(lambda: told and told[-1][0].message == 'pictures come', 'health')
    graph.wait(lambda: told[-1][0].level == b'\2', 'the loss')
    graph.wait(lambda: 'connecting again' in process.log, 'the loss in the log')
    before = len(heard)
    server, _ = rtsp_camera(port=server.server_address[1], locked=True)
    with ended(server):
        graph.wait(lambda: len(heard) >= before + 3, 'pictures again')
        graph.wait(lambda: told[-1][0].message == 'pictures come', 'health')
        graph.wait(lambda: 'pictures come again' in process.log, 'that it is over')
        values = told[-1][1]
        assert values['stream'] == 'rtsp h264' and values['size'] == '64x48'
        assert int(values['connections']) >= 2 and int(values['frames_published']) >= 6
        assert told[-1][0].hardware_id == url
        # Who is in the graph reads parameters, and not the password in a file.
        client = graph.node.create_client(GetParameters, '/streamo_camera/get_parameters')
        graph.wait(client.service_is_ready, 'the service')
        answer = client.call_async(GetParameters.Request(names=['url']))
        graph.wait(answer.done, 'the parameter')
        assert answer.result().values[0].string_value == ''
        process.send(signal.SIGTERM)
        assert process.wait() == 0
    stamps = [stamp_ns(message) for message in heard]
    assert stamps == sorted({*stamps})
    assert 'cctv' not in process.log and 'p%40ss' not in process.log
    assert all('cctv' not in str(status) for status, _ in told)


def test_no_more_pictures_than_asked_for(graph):
    server, url = mjpeg_camera(rate=20)
    with ended(server):
        start(graph, url=url, max_rate=4.0)
        heard = hear(graph, Image, '/image')
        graph.wait(lambda: len(heard) >= 5, 'pictures')
    # On a grid: each in a quarter of a second of its own.
    assert stamp_ns(heard[4]) - stamp_ns(heard[0]) > 0.74 * 10**9


def test_the_end_of_a_film_is_said(graph):
    encode(graph.folder / 'film.mp4', range(5), movflags='faststart')
    told = health(graph)
    server, url = file_server(graph.folder)
    with ended(server):
        process = start(graph, url=f'{url}film.mp4')
        graph.wait(lambda: told and told[-1][0].message == 'the film has ended', 'its end')
        assert told[-1][0].level == b'\2'
        graph.wait(lambda: 'film.mp4: the film has ended' in process.log, 'its end in the log')


def test_it_says_how_it_is_and_ends_though_its_camera_says_nothing(graph):
    told = health(graph)
    with socket.create_server(('127.0.0.1', 0)) as silent:
        process = start(graph, url=f'http://127.0.0.1:{silent.getsockname()[1]}/')
        connection, _ = silent.accept()
        connection.recv(1)
        graph.wait(lambda: len(told) >= 2, 'its health')
        assert told[-1][0].message == 'no connection yet'
        process.send(signal.SIGTERM)
        assert process.wait() == 0


@pytest.mark.parametrize('parameters, says', [
    ({}, 'give one of them'), ({'url': 'http://x/', 'url_file': '/x'}, 'give one of them'),
    ({'url': 'ftp://u:hidden@x/'}, 'parameter url: an address begins with'),
    ({'url_file': '/nothing/there'}, 'cannot be read'),
    ({'url': 'http://x/', 'encoding': 'mono8'}, 'one of rgb8, bgr8, jpeg'),
    ({'url': 'http://x/', 'max_rate': 0.0}, 'max_rate'), ({'url': 3}, 'parameter url'),
])
def test_parameters_that_make_no_sense_are_refused_with_the_reason(graph, parameters, says):
    with pytest.raises(ParameterError, match=says) as refused:
        CameraNode(context=graph.context, parameter_overrides=[
            Parameter(name, value=value) for name, value in parameters.items()])
    assert 'hidden' not in str(refused.value)


def test_the_node_watches_it_without_a_remapping(graph):
    server, url = mjpeg_camera()
    with ended(server):
        start(graph, url=url)
        graph.start(fault='well', fps=10.0, instruction='Tell me.')
        console = graph.console()
        graph.wait(lambda: [
            state for state in console.fresh if state.status == StreamState.STATUS_OK], 'states')
