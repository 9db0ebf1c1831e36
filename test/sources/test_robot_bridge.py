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

"""The robot's cv_bridge is used for what it converts right, and for nothing else."""

from pathlib import Path
import subprocess
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from streamo_ros.sources import image
from streamo_ros.sources import robot_bridge
from streamo_ros.sources.image import ENCODINGS
from streamo_ros.sources.image import to_rgb

SYSTEM_PYTHON = '/usr/bin/python3'


def message(encoding, height=48, width=64, padding=0, last_row_cut=False):
    kind = ENCODINGS[encoding]
    step = width * kind.channels * kind.depth + padding
    data = np.random.default_rng(1).integers(0, 256, step * height * kind.rows // 2, np.uint8)
    return SimpleNamespace(
        height=height, width=width, encoding=encoding, is_bigendian=0, step=step,
        data=data.tobytes()[:len(data) - (padding if last_row_cut else 0)])


@pytest.fixture
def with_bridge(monkeypatch):
    """Return a function that installs a converter in place of cv_bridge's."""
    def install(convert):
        monkeypatch.setattr(image, 'installed', lambda: convert)
        image._bridge.cache_clear()
    yield install
    image._bridge.cache_clear()


def test_what_it_gets_right_goes_through_it_and_the_rest_does_not(with_bridge):
    asked = []

    def convert(given):
        asked.append(given.encoding)
        pixels = np.frombuffer(given.data, np.uint8).reshape(given.height, given.step)
        if given.encoding == 'rgb8':
            return pixels[:, :3 * given.width].reshape(given.height, given.width, 3)
        if given.encoding == 'bgr8':  # a bridge with the colours the wrong way round
            return pixels[:, :3 * given.width].reshape(given.height, given.width, 3)
        if given.encoding == 'mono8':
            return cv2.cvtColor(pixels[:, :given.width], cv2.COLOR_GRAY2RGB)
        raise ValueError(f'[{given.encoding}] is not a color format')

    with_bridge(None)
    expected = {name: to_rgb(message(name)) for name in ENCODINGS}
    with_bridge(convert)
    for name in ENCODINGS:
        asked.clear()
        to_rgb(message('rgb8'))  # finds out what it can
        asked.clear()
        assert np.array_equal(to_rgb(message(name)), expected[name])
        assert asked == ([name] if name in ('rgb8', 'mono8') else [])


def test_rows_that_it_would_misread_stay_here(with_bridge):
    asked = []

    def convert(given):
        asked.append(given.encoding)
        pixels = np.frombuffer(given.data, np.uint8).reshape(given.height, given.step)
        return pixels[:, :3 * given.width].reshape(given.height, given.width, 3)

    with_bridge(convert)
    to_rgb(message('rgb8'))
    asked.clear()
    for odd in (message('rgb8', padding=4), message('rgb8', padding=3, last_row_cut=True)):
        assert to_rgb(odd).shape == (48, 64, 3)
    assert not asked
    to_rgb(message('rgb8', padding=3))
    assert asked == ['rgb8']


def test_without_one_nothing_changes(with_bridge):
    with_bridge(None)
    assert image._bridge() is None
    assert to_rgb(message('bgr8')).shape == (48, 64, 3)


def test_one_that_cannot_be_imported_is_none(monkeypatch):
    import sys
    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace())  # has no CvBridge
    robot_bridge.installed.cache_clear()
    assert robot_bridge.installed() is None
    robot_bridge.installed.cache_clear()


REAL = """
import sys
from types import SimpleNamespace
import numpy as np
from cv_bridge import CvBridge
bridge = CvBridge()
given = np.load(sys.argv[1], allow_pickle=False)
made = {}
for name in given.files:
    encoding, height, width, step = name.split(',')
    try:
        made[name] = bridge.imgmsg_to_cv2(SimpleNamespace(
            encoding=encoding, height=int(height), width=int(width), step=int(step),
            is_bigendian=0, data=given[name].tobytes()), 'rgb8')
    except Exception as error:
        made[name] = np.asarray(str(error))
np.savez(sys.argv[2], **made)
"""


def test_a_real_one_makes_the_same_of_every_encoding_that_it_takes(tmp_path):
    if not Path(SYSTEM_PYTHON).exists() or subprocess.run(
            [SYSTEM_PYTHON, '-I', '-c', 'import cv_bridge'], capture_output=True).returncode:
        pytest.skip("the system has no cv_bridge: Debian's python3-cv-bridge is one")
    messages = {}
    for name in ENCODINGS:
        for padding in (0, 8):
            one = message(name, padding=padding)
            messages[f'{name},{one.height},{one.width},{one.step}'] = one
    np.savez(tmp_path / 'given.npz', **{
        name: np.frombuffer(one.data, np.uint8) for name, one in messages.items()})
    subprocess.run(
        [SYSTEM_PYTHON, '-I', '-c', REAL, tmp_path / 'given.npz', tmp_path / 'made.npz'],
        check=True)
    made = np.load(tmp_path / 'made.npz', allow_pickle=False)

    def convert(given):
        key = f'{given.encoding},{given.height},{given.width},{given.step}'
        return made[key]

    equal = {
        name for name, one in messages.items()
        if made[name].shape == (48, 64, 3) and np.array_equal(made[name], to_rgb(one))}
    taken = {name.partition(',')[0] for name in equal}
    print(sorted(set(ENCODINGS) - taken))
    assert {'rgb8', 'bgr8', 'rgba8', 'bgra8', 'mono8', 'bayer_rggb8'} <= taken
    assert not taken & {'nv12', 'mono16'}
