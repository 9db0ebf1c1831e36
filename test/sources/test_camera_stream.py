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

"""The one rule by which frames of a camera are admitted."""

import numpy as np
import pytest
from sensor_msgs.msg import Image

from streamo_ros.sources.camera_stream import Admission
from streamo_ros.sources.camera_stream import CameraStream
from streamo_ros.sources.camera_stream import ChangeKind
from streamo_ros.sources.camera_stream import Outcome
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.sampler import GAP_NS
from streamo_ros.sources.sampler import LATE_NS

START = 1_700_000_000_000_000_000
SECOND = 10**9
WIDE, TALL, LARGE = (48, 64), (64, 48), (96, 128)


class Camera:
    """A camera at 1 frame a second, and how often its pictures were decoded."""

    def __init__(self):
        self.stream = CameraStream('/camera', 1.0)
        self.decoded = 0

    def show(self, seconds, size=WIDE, bad='', undecodable='', start=START):
        """Return the verdict on a frame; ``bad`` and ``undecodable`` are what is wrong with it."""
        def check():
            if bad:
                raise ImageError(bad, f'it is {bad}')

        def decode():
            self.decoded += 1
            if undecodable:
                raise ImageError(undecodable, f'it is {undecodable}')
            return np.zeros((*size, 3), np.uint8)

        return self.stream.admit(start + round(seconds * SECOND), check, decode)

    def outcomes(self, *seconds, **more):
        return [self.show(one, **more).outcome for one in seconds]


@pytest.fixture
def camera():
    return Camera()


SAMPLED, SKIPPED, STALE, BAD = Outcome


def test_only_frames_that_are_due_are_decoded(camera):
    assert camera.outcomes(0.0, 0.3, 0.6, 1.0, 1.9, 2.1) == [
        SAMPLED, SKIPPED, SKIPPED, SAMPLED, SKIPPED, SAMPLED]
    assert camera.decoded == 3
    assert (camera.stream.received, camera.stream.sampled) == (6, 3)


def test_a_sampled_frame_brings_its_picture_and_no_other_does(camera):
    assert camera.show(0.0, size=LARGE).picture.shape == (96, 128, 3)
    assert camera.show(0.5) == Admission(SKIPPED)


@pytest.mark.parametrize('seconds', [-9.0, 0.0, 0.5, 3600.0])
def test_of_a_bad_image_nothing_is_believed_not_even_its_stamp(camera, seconds):
    camera.show(0.0)
    assert camera.show(seconds, bad='truncated') == Admission(
        BAD, None, 'truncated', 'it is truncated')
    assert camera.show(0.1) == Admission(SKIPPED)
    assert (camera.stream.stale, camera.stream.bad) == (0, {'truncated': 1})
    assert camera.decoded == 1


def test_a_due_frame_that_cannot_be_decoded_leaves_its_place_to_the_next(camera):
    camera.show(0.0)
    assert camera.show(1.0, undecodable='garbled') == Admission(
        BAD, None, 'garbled', 'it is garbled')
    assert camera.outcomes(1.1, 1.9, 2.0) == [SAMPLED, SKIPPED, SAMPLED]
    assert camera.stream.sampled == 3


def test_bad_images_are_counted_by_their_cause(camera):
    for cause in ('short step', 'truncated', 'short step'):
        camera.show(0.0, bad=cause)
    camera.show(0.0, undecodable='garbled')
    assert camera.stream.bad == {'short step': 2, 'truncated': 1, 'garbled': 1}


@pytest.mark.parametrize('back_ns', [0, 1, LATE_NS])
def test_a_stamp_that_does_not_advance_is_stale_and_says_who_must_mend_it(camera, back_ns):
    camera.show(5.0)
    stale = camera.show(5.0 - back_ns / SECOND)
    assert (stale.outcome, stale.change, stale.picture) == (STALE, None, None)
    assert stale.reason.startswith('the stamps on /camera do not advance (the last is 17000000')
    assert 'the driver must set header.stamp' in stale.reason
    assert camera.stream.stale == 1


def test_of_a_driver_that_never_sets_its_stamps_the_first_frame_is_used(camera):
    assert camera.outcomes(0, 0, 0, start=0) == [SAMPLED, STALE, STALE]
    set_at_last = camera.show(0.0)
    assert (set_at_last.outcome, set_at_last.change.kind) == (SAMPLED, ChangeKind.TIME)


@pytest.mark.parametrize('seconds, words', [
    (5.0 - LATE_NS / SECOND - 0.001, 'by -0.101 s'), (5.001 + GAP_NS / SECOND, 'by +60.001 s')])
def test_with_a_stamp_that_jumps_the_stream_begins_anew(camera, seconds, words):
    camera.show(5.0)
    jumped = camera.show(seconds)
    assert jumped.outcome is SAMPLED
    assert (jumped.change.kind, jumped.change.begins_anew) == (ChangeKind.TIME, True)
    assert jumped.change.sentence == f'the stamps on /camera jumped {words}'
    assert camera.outcomes(seconds + 0.9, seconds + 1.0) == [SKIPPED, SAMPLED]  # a grid of its own


def test_a_jump_counts_even_when_its_frame_cannot_be_decoded(camera):
    camera.show(100.0)
    jumped = camera.show(7.3, undecodable='garbled')
    assert (jumped.outcome, jumped.change.kind) == (BAD, ChangeKind.TIME)
    after = camera.show(7.4)
    assert (after.outcome, after.change) == (SAMPLED, None)


def test_after_a_jump_a_picture_of_any_size_goes_on(camera):
    camera.show(100.0, size=WIDE)
    assert camera.show(7.0, size=TALL).change.kind is ChangeKind.TIME
    assert camera.show(8.0, size=TALL).change is None


def test_with_another_aspect_the_stream_begins_anew_at_that_frame(camera):
    camera.show(0.0)
    turned = camera.show(1.6, size=TALL)
    assert turned.outcome is SAMPLED and turned.picture.shape == (64, 48, 3)
    assert (turned.change.kind, turned.change.begins_anew) == (ChangeKind.ASPECT, True)
    assert turned.change.sentence == (
        'the pictures on /camera are 48x64 now, and were 64x48')
    assert camera.outcomes(1.6, 2.0, 2.5, 2.6, size=TALL) == [STALE, SKIPPED, SKIPPED, SAMPLED]


def test_with_another_size_of_the_same_aspect_it_goes_on(camera):
    camera.show(0.0)
    larger = camera.show(1.6, size=LARGE)
    assert larger.outcome is SAMPLED
    assert (larger.change.kind, larger.change.begins_anew) == (ChangeKind.SIZE, False)
    assert camera.outcomes(1.9, 2.0, size=LARGE) == [SKIPPED, SAMPLED]


def test_frames_that_are_not_due_have_no_say_in_the_size(camera):
    camera.show(0.0)
    assert camera.show(0.5, size=TALL) == Admission(SKIPPED)
    assert camera.show(1.0).change is None


def test_a_stream_that_is_reset_begins_anew_in_silence_and_keeps_its_counts(camera):
    camera.show(5.0)
    camera.show(5.0)
    camera.stream.reset()
    again = camera.show(3.3, size=TALL)
    assert (again.outcome, again.change) == (SAMPLED, None)
    assert (camera.stream.received, camera.stream.sampled, camera.stream.stale) == (3, 2, 1)


def test_another_rate_is_sampled_without_a_new_beginning(camera):
    camera.show(0.0)
    camera.stream.reconfigure(4.0)
    assert camera.outcomes(0.2, 0.3, 0.5) == [SKIPPED, SAMPLED, SAMPLED]


def test_a_message_is_checked_and_decoded_as_one(camera):
    message = Image(height=2, width=2, encoding='rgb8', step=6, data=bytes(range(12)))
    sampled = camera.stream.admit_message(message, START, START)
    np.testing.assert_array_equal(sampled.picture.reshape(-1), range(12))
    message.step = 5
    assert camera.stream.admit_message(
        message, START + SECOND, START + SECOND).cause == 'short step'
