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

"""What counts as healthy, told from a snapshot of figures."""

from dataclasses import replace

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
import pytest

from streamo_ros.msg import StreamState
from streamo_ros.nodes.diagnostics import CameraFigures
from streamo_ros.nodes.diagnostics import diagnostics
from streamo_ros.nodes.diagnostics import quantile
from streamo_ros.nodes.diagnostics import Snapshot
from streamo_ros.nodes.state_publisher import Status

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
CAMERA = CameraFigures(
    name='image', topic='/camera/image_raw', source='raw', epoch=3, publishers=1, received=300,
    sampled=20, dropped=1)
WELL = Snapshot(
    cameras=[CAMERA], checkpoint='nano', backend='auto', lifecycle='active', status=Status(),
    fps=2.0, latencies=[0.1, 0.2, 0.3], inferences=[0.05], instructions=['Tell me when it rains.'])


def told(snapshot):
    array = diagnostics('/robot/streamo', Time(sec=7), snapshot)
    return {status.name.removeprefix('/robot/streamo: '): status for status in array.status}


def values(status):
    return {value.key: value.value for value in status.values}


def test_all_is_well():
    parts = told(WELL)
    assert list(parts) == ['stream', 'inference', 'model', 'instructions']
    assert {part.level for part in parts.values()} == {OK}
    assert all(part.message and part.hardware_id for part in parts.values())


def test_the_figures_are_there():
    parts = told(WELL)
    stream, inference = values(parts['stream']), values(parts['inference'])
    assert (stream['frames_received'], stream['frames_sampled'], stream['frames_dropped']) == (
        '300', '20', '1')
    assert (inference['latency_p50_s'], inference['latency_p95_s']) == ('0.2000', '0.3000')
    assert values(parts['model'])['checkpoint'] == 'nano'
    assert 'Tell me when it rains.' in values(parts['instructions']).values()


def test_shares_of_the_time_are_there_where_they_are_known():
    assert not any('share' in key for key in values(told(WELL)['inference']))
    told_of = values(told(replace(WELL, shares={'step': 0.75, 'other': 0.25}))['inference'])
    assert (told_of['share_step'], told_of['share_other']) == ('0.750', '0.250')


@pytest.mark.parametrize('code, name, level', [
    (StreamState.STATUS_LATE, 'inference', WARN),
    (StreamState.STATUS_LOADING, 'model', WARN),
    (StreamState.STATUS_INACTIVE, 'model', WARN),
])
def test_trouble_is_shown_where_it_is_with_its_reason(code, name, level):
    parts = told(replace(WELL, status=Status(code, 'the reason')))
    assert (parts[name].level, parts[name].message) == (level, 'the reason')
    assert {part.level for other, part in parts.items() if other != name} == {OK}


def test_a_failing_model_shows_as_an_error():
    parts = told(replace(WELL, status=Status(StreamState.STATUS_ERROR, 'out of memory')))
    assert (parts['inference'].level, parts['inference'].message) == (ERROR, 'out of memory')


def seen(**figures):
    return told(replace(WELL, cameras=[replace(CAMERA, **figures)]))['stream']


def test_of_several_cameras_each_has_a_stream_of_its_own():
    rear = replace(CAMERA, name='rear', topic='/rear', no_frames='nobody publishes /rear')
    parts = told(replace(WELL, cameras=[CAMERA, rear]))
    assert list(parts)[:3] == ['stream image', 'stream rear', 'inference']
    assert parts['stream image'].level == OK
    assert (parts['stream rear'].level, parts['stream rear'].message) == (
        ERROR, 'nobody publishes /rear')
    assert values(parts['stream rear'])['topic'] == '/rear'


@pytest.mark.parametrize('figures, hint', [
    ({'publishers': 2}, '2 publishers'), ({'incompatible': 1}, 'incompatible')])
def test_what_is_odd_about_the_publishers_is_worth_a_warning(figures, hint):
    assert (seen(**figures).level, hint in seen(**figures).message) == (WARN, True)


def test_bad_images_are_named_by_cause():
    stream = seen(bad={'truncated': 3, 'zero size': 1})
    assert stream.level == WARN
    assert values(stream)['bad_images (truncated)'] == '3'
    assert '4 bad images' in stream.message


def test_no_instruction_is_worth_a_warning():
    assert told(replace(WELL, instructions=[]))['instructions'].level == WARN


def test_quantiles_are_values_that_occurred():
    assert quantile([], 0.5) == 0
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile(list(range(100)), 0.95) == 95


def test_a_stream_that_is_late_is_told_of_itself_and_of_the_model():
    late = replace(CAMERA, name='front', late='nothing was decided for 5 s')
    parts = told(replace(WELL, cameras=[late, replace(CAMERA, name='rear')]))
    for part in ('stream front', 'inference'):
        assert (parts[part].level, parts[part].message) == (WARN, 'nothing was decided for 5 s')
    assert parts['stream rear'].level == OK


def test_clocks_that_differ_and_instructions_that_are_not_kept_are_told():
    camera = replace(CAMERA, clocks='two clocks', bad={'another clock': 1}, passed_over=3)
    parts = told(replace(WELL, cameras=[camera], unkept='the disk does not answer'))
    assert (parts['stream'].level, parts['stream'].message) == (WARN, 'two clocks')
    assert values(parts['stream'])['frames_passed_over'] == '3'
    assert (parts['instructions'].level, parts['instructions'].message) == (
        WARN, 'the disk does not answer')
