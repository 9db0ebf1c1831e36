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

"""The subscription fits what is published, or says why it cannot."""

import pytest

from streamo_ros.nodes.camera_match import COMPRESSED
from streamo_ros.nodes.camera_match import match
from streamo_ros.nodes.camera_match import Offer
from streamo_ros.nodes.camera_match import RAW
from streamo_ros.nodes.camera_match import Source

TOPIC, BESIDE = '/cam/image', '/cam/image/compressed'
RAW_OFFER = Offer(TOPIC, RAW, True)
LOSSY_OFFER = Offer(TOPIC, RAW, False)
JPEG_OFFER = Offer(BESIDE, COMPRESSED, True)


def found(*offers, transport='auto', reliability='auto'):
    return match(TOPIC, BESIDE, offers, transport, reliability)


@pytest.mark.parametrize('offers, source', [
    ([RAW_OFFER], Source(TOPIC, RAW, True)),
    ([LOSSY_OFFER], Source(TOPIC, RAW, False)),
    ([RAW_OFFER, LOSSY_OFFER], Source(TOPIC, RAW, False)),
    ([JPEG_OFFER], Source(BESIDE, COMPRESSED, True)),
    ([JPEG_OFFER, LOSSY_OFFER], Source(TOPIC, RAW, False)),
    ([Offer(TOPIC, COMPRESSED, False)], Source(TOPIC, COMPRESSED, False)),
    ([Offer(TOPIC, 'std_msgs/msg/String', True), JPEG_OFFER], Source(BESIDE, COMPRESSED, True)),
])
def test_auto_takes_what_there_is_and_is_reliable_only_where_all_are(offers, source):
    assert found(*offers).source == source
    assert found(*offers).trouble == ''


def test_a_transport_that_is_demanded_is_taken_where_both_are():
    offers = RAW_OFFER, JPEG_OFFER
    assert found(*offers, transport='raw').source.topic == TOPIC
    assert found(*offers, transport='compressed').source.topic == BESIDE


@pytest.mark.parametrize('transport, offer', [('raw', JPEG_OFFER), ('compressed', RAW_OFFER)])
def test_a_transport_that_is_not_there_is_said(transport, offer):
    nothing = found(offer, transport=transport)
    assert nothing.source is None
    assert 'image_transport' in nothing.trouble


def test_best_effort_can_be_demanded_of_a_reliable_camera():
    assert found(RAW_OFFER, reliability='best_effort').source == Source(TOPIC, RAW, False)


def test_reliability_that_cannot_be_had_is_said():
    hopeless = found(LOSSY_OFFER, reliability='reliable')
    assert hopeless.source == Source(TOPIC, RAW, True)
    assert 'best effort' in hopeless.trouble
    assert found(RAW_OFFER, reliability='reliable').trouble == ''


def test_no_publisher_is_said_with_both_names():
    nothing = found()
    assert nothing.source is None
    assert f'{TOPIC} or {BESIDE}' in nothing.trouble


def test_a_topic_of_another_type_is_said():
    nothing = found(Offer(TOPIC, 'std_msgs/msg/String', True))
    assert nothing.source is None
    assert 'std_msgs/msg/String' in nothing.trouble
