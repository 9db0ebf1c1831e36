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
``camera_node``: a camera in the network, or a webcam, as a camera of the graph.

The stream is read in a thread, and its newest picture published by another; the executor waits for
neither. While nobody subscribes, pictures are neither converted nor published.
"""

import array
import importlib.util
from pathlib import Path
import sys
import threading
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
import numpy as np
from numpy.typing import NDArray
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from streamo_ros.nodes.parameters import declared
from streamo_ros.nodes.parameters import Parameter
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.nodes.process.large_pictures import make_room
from streamo_ros.nodes.process.run_node import run_node
from streamo_ros.nodes.process.run_node import STOP_S
from streamo_ros.nodes.sim_time import check_clock
from streamo_ros.sources.frame import Frame
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.live_address import live_address
from streamo_ros.sources.live_address import LiveAddress
from streamo_ros.sources.live_source import ENDED
from streamo_ros.sources.live_source import LiveSource
from streamo_ros.sources.sampler import Sampler
from streamo_ros.sources.sampler import Verdict
from streamo_ros.sources.source_error import SourceError

QUALITY = 90            # of the JPEG, of 100
MAX_URL_BYTES = 4096    # of url_file

SPECIFICATION: dict[str, Parameter] = {
    'url': Parameter(
        '', 'Where the camera is: rtsp://, rtsps://, http:// or https://, or a webcam such as '
        '/dev/video0. Everybody in the graph can read it.'),
    'url_file': Parameter(
        '', 'A file that holds the URL, in place of url: for one with a password.'),
    'encoding': Parameter(
        'rgb8', 'How pictures are published: raw in image, jpeg in image/compressed.',
        choices=('rgb8', 'bgr8', 'jpeg')),
    'frame_id': Parameter(
        'camera_optical_frame', 'The frame of reference that the pictures name.'),
    'max_rate': Parameter(
        30.0, 'Pictures per second at most, by their stamps.', range=(0.1, 120.0)),
}


class CameraNode(Node):
    """
    The camera, ``/streamo_camera`` by default.

    :param options: of ``rclpy.node.Node``
    :raises ParameterError: when the parameters make no sense
    """

    def __init__(self, **options: Any) -> None:
        super().__init__('streamo_camera', **options)
        check_clock(self)
        settings = {
            name: declared(self, name, parameter) for name, parameter in SPECIFICATION.items()}
        self._address = _address(settings['url'], settings['url_file'])
        self._encoding = settings['encoding']
        self._frame_id = settings['frame_id']
        self._sampler = Sampler(settings['max_rate'])
        self._published = self._bad = 0
        compressed = self._encoding == 'jpeg'
        self._publisher = self.create_publisher(
            CompressedImage if compressed else Image,
            'image/compressed' if compressed else 'image', QoSProfile(depth=1))
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._source = LiveSource(
            self._address, self.get_logger().warning,
            lambda: self.get_clock().now().nanoseconds, patient=True)
        self._thread = threading.Thread(target=self._publish_all, name='pictures', daemon=True)
        self.create_timer(
            1.0, self._tell_health, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._source.start()
        self._thread.start()

    def end(self) -> None:
        """Publish no more."""
        self._source.close()
        self._thread.join(STOP_S / 2)

    def _publish_all(self) -> None:
        try:
            for frame in self._source.frames():
                if self._is_due(frame.stamp) and self._publisher.get_subscription_count():
                    self._publish(frame)
            if self._source.trouble == ENDED:
                self.get_logger().warning(f'{self._address.shown}: {ENDED}')
        except SourceError as error:
            self.get_logger().error(str(error))

    def _is_due(self, stamp: int) -> bool:
        verdict = self._sampler.judge(stamp)
        if verdict is Verdict.JUMP:
            self._sampler.reset()
            verdict = self._sampler.judge(stamp)
        if verdict is Verdict.DUE:
            self._sampler.take(stamp)
        return verdict is Verdict.DUE

    def _publish(self, frame: Frame) -> None:
        try:
            pixels = frame.picture()
        except ImageError as error:
            self._bad += 1
            if self._bad == 1:
                self.get_logger().warning(f'{self._address.shown}: bad picture: {error}')
            return
        header = Header(frame_id=self._frame_id)
        header.stamp.sec, header.stamp.nanosec = divmod(frame.stamp, 10**9)
        self._publisher.publish(_message(pixels, self._encoding, header))
        self._published += 1

    def _tell_health(self) -> None:
        figures, trouble = self._source.figures, self._source.trouble
        values = {
            'stream': figures.kind, 'size': '{}x{}'.format(*figures.size),
            'connections': figures.connections, 'frames_received': figures.received,
            'frames_published': self._published, 'frames_passed_over': figures.passed_over,
            'bad_images': figures.damaged + self._bad}
        status = DiagnosticStatus(
            level=DiagnosticStatus.ERROR if trouble else DiagnosticStatus.OK,
            name=f'{self.get_fully_qualified_name()}: camera',
            message=trouble or 'pictures come', hardware_id=self._address.shown,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)


def _address(url: str, file: str) -> LiveAddress:
    """
    Return where the camera is.

    :raises ParameterError: when that is not given, or makes no sense
    """
    name = 'url_file' if file else 'url'
    if bool(url) == bool(file):
        raise ParameterError(
            'parameters url and url_file: give one of them, as -p url:=rtsp://HOST/stream or '
            '-p url:=/dev/video0')
    if file:
        try:
            with Path(file).open('rb') as opened:
                url = opened.read(MAX_URL_BYTES).decode().strip()
        except (OSError, ValueError) as error:
            raise ParameterError(
                f'parameter url_file is {file!r}, which cannot be read as a text') from error
    try:
        return live_address(url)
    except SourceError as error:
        raise ParameterError(f'parameter {name}: {error}') from error


def _message(
    pixels: NDArray[np.uint8], encoding: str, header: Header
) -> Image | CompressedImage:
    """Return a picture, (height, width, 3; RGB), as it is published."""
    if encoding == 'rgb8':
        data = pixels.tobytes()
    else:
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        if encoding == 'jpeg':
            _, jpeg = cv2.imencode('.jpg', bgr, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
            return CompressedImage(
                header=header, format='bgr8; jpeg compressed bgr8',
                data=array.array('B', jpeg.tobytes()))
        data = bgr.tobytes()
    height, width, _ = pixels.shape
    # rclpy takes an array as it is; bytes it would check one by one.
    return Image(header=header, height=height, width=width, encoding=encoding, step=3 * width,
                 data=array.array('B', data))


def main(args: list[str] | None = None) -> int:
    """Run the node until Ctrl-C or SIGTERM."""
    if importlib.util.find_spec('av') is None:
        print('camera_node: PyAV is not installed: pip install av', file=sys.stderr)
        return 1
    make_room()
    return run_node('camera_node', CameraNode, args, CameraNode.end)


if __name__ == '__main__':
    sys.exit(main())
