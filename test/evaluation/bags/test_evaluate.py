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

"""Evaluations: the same bytes again, nothing done twice, and no bag spoils those beside it."""

from dataclasses import asdict
from dataclasses import replace
import json
from pathlib import Path
import shutil
import sys

import numpy as np
import pytest
from tiny_bags import TinyBag

from streamo_ros.evaluation.bags import evaluate as module
from streamo_ros.evaluation.bags.evaluate import evaluate
from streamo_ros.evaluation.bags.frames import frames_at
from streamo_ros.evaluation.bags.report_data import read_report
from streamo_ros.evaluation.bags.run import Watching
from streamo_ros.evaluation.cluster import ClusterError
from streamo_ros.sources.bag_annotation import AnnotationError
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import write_annotations
from streamo_ros.worlds import SentryWorld

LIGHT = 'Tell me when the light goes off or on.'
WATCHING = Watching(fps=2.0)
SAME = ('decisions.jsonl', 'scores.json')


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """Return a bag in which the light goes off, with what is asked of it beside."""
    path = tmp_path_factory.mktemp('recorded') / 'room'
    world = SentryWorld(4, seconds=9.0, split='test', size=(112, 112), skills=['light_off'])
    with TinyBag(path) as bag:
        for index in range(80):
            bag.image(index / 10, world.render(index / 10))
    write_annotations(Annotations((Asked(
        'light', LIGHT, task='event_caption', skill='light', events=tuple(
            Expected(max(event.start, 0.0), event.end, 'The light went off.')
            for event in world.events if event.skill == 'light_off')),)),
        path / 'annotations.yaml')
    return path


@pytest.fixture(scope='module')
def finished(recorded, tmp_path_factory):
    """Return the folder and the report of an evaluation of two bags, one after the other."""
    out = tmp_path_factory.mktemp('finished')
    again = out.parent / 'again' / 'room'
    shutil.copytree(recorded, again)
    report = evaluate([recorded, again], out, WATCHING)
    yield out, report
    shutil.rmtree(again.parent)


def paths(report):
    return [Path(bag.path) for bag in report.bags]


@pytest.fixture
def watched(monkeypatch):
    """Return the names of the bags that are watched from now on."""
    names = []
    real = module.watch_bag

    def watch_bag(path, name, *more):
        names.append(name)
        return real(path, name, *more)

    monkeypatch.setattr(module, 'watch_bag', watch_bag)
    return names


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in
            [*(folder / name for name in SAME), *folder.glob('bags/*/streamo/*')]}


def test_the_report_is_whole_and_scored(finished):
    out, report = finished
    assert read_report(out / 'report.json') == report
    assert [bag.name for bag in report.bags] == ['room', 'room-2']
    assert report.configuration.window_turns == 8
    assert len(report.configuration.checkpoint_sha256) == 64
    assert {'python', 'numpy', 'onnxruntime', 'rosbags', 'streamo_ros'} <= set(report.versions)
    bag = report.bags[0]
    light, = bag.cameras[0].instructions
    assert light.scored is not None and light.events
    assert report.groups[0].scored.model.events == 2 * len(light.events)
    assert report.groups[0].scored.model.within[-1].hits >= 1
    assert (out / bag.written / 'metadata.yaml').is_file()
    # What the report says of frames is enough to find them.
    ticks = bag.cameras[0].ticks
    frames = frames_at(paths(report)[0], bag.cameras[0].topic, [
        bag.start_ns + round(stamp * 1e9) for stamp in ticks.stamps])
    assert all(isinstance(frame, np.ndarray) for frame in frames)


def test_decisions_name_their_bag(finished):
    out, report = finished
    with (out / 'decisions.jsonl').open(encoding='utf-8') as file:
        lines = [json.loads(line) for line in file]
    assert [line['bag'] for line in lines] == ['room'] * 16 + ['room-2'] * 16
    found = report.bags[1].cameras[0].instructions[0]
    assert [line['state'] for line in lines[16:]] == [
        ['silence', 'standby', 'response'][state] for state in found.states]


def test_processes_side_by_side_write_the_same_bytes(finished, tmp_path):
    out, report = finished
    evaluate(paths(report), tmp_path, WATCHING, jobs=2)
    assert contents(tmp_path) == contents(out)


def test_a_cluster_of_two_workers_writes_the_same_bytes(ray, finished, tmp_path, monkeypatch):
    from ray.cluster_utils import Cluster
    monkeypatch.setenv('RAY_USAGE_STATS_ENABLED', '0')
    out, report = finished
    cluster = Cluster()
    try:
        for _ in range(2):
            cluster.add_node(
                num_cpus=1, object_store_memory=80 * 2 ** 20, include_dashboard=False)
        # Here nothing may be watched, and paths are not those of the workers' directories.
        monkeypatch.setattr(module, 'watch_bag', lambda *_: pytest.fail('watched here'))
        monkeypatch.chdir(tmp_path)
        evaluate(paths(report), Path('out'), WATCHING, ray=cluster.address)
    finally:
        cluster.shutdown()
    assert contents(tmp_path / 'out') == contents(out)


def test_without_ray_its_user_is_told(recorded, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(ClusterError, match='pip install ray'):
        patch.setitem(sys.modules, 'ray', None)
        evaluate([recorded], tmp_path, WATCHING, ray='auto')


def test_without_a_cluster_its_user_is_told(ray, recorded, tmp_path):
    with pytest.raises(ClusterError, match="no Ray cluster at 'auto'.*ray start"):
        evaluate([recorded], tmp_path, WATCHING, ray='auto')


def test_what_is_done_is_not_done_again(finished, watched):
    out, report = finished
    before = contents(out)
    again = evaluate(paths(report), out, replace(WATCHING, threads=1))  # which decides nothing
    assert watched == []
    assert contents(out) == before
    assert asdict(again) == asdict(report)


def test_a_run_that_was_cut_off_goes_on_where_it_was(finished, watched, monkeypatch, tmp_path):
    out, report = finished
    real = module.watch_bag

    def cut_off(path, name, *more):
        if name == 'room-2':
            (tmp_path / 'bags' / name / 'decisions.jsonl').write_text('{"half a')
            raise KeyboardInterrupt
        return real(path, name, *more)

    with monkeypatch.context() as patch:
        patch.setattr(module, 'watch_bag', cut_off)
        with pytest.raises(KeyboardInterrupt):
            evaluate(paths(report), tmp_path, WATCHING)
    assert watched == ['room']
    evaluate(paths(report), tmp_path, WATCHING)
    assert watched == ['room', 'room-2']
    assert contents(tmp_path) == contents(out)


def test_what_would_be_decided_otherwise_is_done_again(recorded, tmp_path, watched):
    evaluate([recorded], tmp_path, WATCHING)
    evaluate([recorded], tmp_path, Watching(fps=1.0))
    file = tmp_path / 'other.yaml'
    write_annotations(Annotations((Asked('dark', 'Tell me when it gets dark.'),)), file)
    evaluate([recorded], tmp_path, Watching(fps=1.0), annotations=file)
    assert watched == ['room'] * 3


@pytest.mark.parametrize('content', [
    '', '{', '[' * 100_000, 'null', '{"fingerprint": 1}', '{"bag": null}', 'NaN', '\0'])
@pytest.mark.parametrize('name', ['done.json', 'decisions.jsonl'])
def test_what_was_spoilt_meanwhile_is_done_again(finished, watched, tmp_path, name, content):
    out, report = finished
    shutil.copytree(out, tmp_path / 'out')
    (tmp_path / 'out' / 'bags' / 'room' / name).write_text(content)
    evaluate(paths(report), tmp_path / 'out', WATCHING)
    assert watched == ['room']
    assert contents(tmp_path / 'out') == contents(out)


def test_another_truth_is_only_counted_anew(recorded, tmp_path, watched):
    file = tmp_path / 'truth.yaml'

    def score(*events):
        write_annotations(Annotations((Asked('light', LIGHT, events=events),)), file)
        return evaluate(
            [recorded], tmp_path / 'out', WATCHING, annotations=file).groups[0].scored.model

    assert score().events == 0
    assert score(Expected(1.0, 2.0)).events == 1
    assert watched == ['room']


def test_without_a_truth_nothing_is_scored(recorded, tmp_path):
    file = tmp_path / 'asked.yaml'
    write_annotations(Annotations((Asked('light', LIGHT),)), file)
    report = evaluate([recorded], tmp_path / 'out', WATCHING, annotations=file)
    assert report.groups == []
    assert report.bags[0].cameras[0].instructions[0].events is None


def test_bad_bags_are_named_and_the_rest_is_evaluated(recorded, tmp_path):
    cut = tmp_path / 'cut.mcap'
    cut.write_bytes((recorded / 'room.mcap').read_bytes()[:1000])
    asked = tmp_path / 'asked'
    shutil.copytree(recorded, asked)
    (asked / 'annotations.yaml').write_text('instructions: [{when: 3}]')
    missing = tmp_path / 'missing'
    out = tmp_path / 'out'
    report = evaluate([cut, missing, asked, recorded], out, WATCHING)
    assert [bool(bag.error) for bag in report.bags] == [True, True, True, False]
    assert 'cut.mcap cannot be read as a bag' in report.bags[0].error
    assert 'does not exist' in report.bags[1].error
    assert 'instruction 1 has when' in report.bags[2].error
    assert report.groups[0].scored.model.events > 0
    assert read_report(out / 'report.json') == report
    # Once it is whole, it is evaluated by the same command.
    shutil.copy(recorded / 'room.mcap', cut)
    file = out / 'asked.yaml'
    write_annotations(Annotations((Asked('light', LIGHT),)), file)
    assert evaluate([cut], out, WATCHING, annotations=file).bags[0].error == ''


def test_annotations_for_all_that_make_no_sense_end_it(recorded, tmp_path):
    with pytest.raises(AnnotationError, match='asked.yaml'):
        evaluate([recorded], tmp_path, WATCHING, annotations=tmp_path / 'asked.yaml')
