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
``streamo evaluate``: bags in, decisions, scores and ``report.json`` out.

In the folder that it writes, ``decisions.jsonl`` and ``scores.json`` say what was decided and how
good it is: the same bags, checkpoint and settings give the same bytes, however fast. What depends
on the machine is in ``report.json`` alone. ``bags/NAME/`` holds what was decided about one bag;
a bag that is done is not watched again, so a run that was cut off is taken up by the same command,
and new annotations of the same instructions only count anew.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
from functools import partial
import hashlib
from importlib import metadata
import json
import os
from pathlib import Path
import platform
import sys
from typing import Any
from xml.etree import ElementTree

from tqdm import tqdm

from streamo_ros.evaluation.bags.dataclass_json import from_json
from streamo_ros.evaluation.bags.report_data import Bag
from streamo_ros.evaluation.bags.report_data import Configuration
from streamo_ros.evaluation.bags.report_data import Report
from streamo_ros.evaluation.bags.report_data import report_json
from streamo_ros.evaluation.bags.report_data import SCHEMA
from streamo_ros.evaluation.bags.run import DECISIONS
from streamo_ros.evaluation.bags.run import watch_bag
from streamo_ros.evaluation.bags.run import Watching
from streamo_ros.evaluation.bags.scores import hold_against_truth
from streamo_ros.evaluation.bags.scores import interval_unit
from streamo_ros.evaluation.bags.scores import score
from streamo_ros.evaluation.bags.scores import TOLERANCES_S
from streamo_ros.evaluation.spread import Spread
from streamo_ros.evaluation.spread import spread
from streamo_ros.metrics.intervals import RESAMPLES
from streamo_ros.metrics.wording import Judge
from streamo_ros.models import load_checkpoint
from streamo_ros.models.checkpoint import absolute_name
from streamo_ros.models.digest import checkpoint_digest
from streamo_ros.output import OutputError
from streamo_ros.output import OutputFolder
from streamo_ros.sources.bag_annotation import AnnotationError
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import annotations_beside
from streamo_ros.sources.bag_annotation import answer_fields
from streamo_ros.sources.bag_annotation import bag_names
from streamo_ros.sources.bag_annotation import read_annotations
from streamo_ros.sources.source_error import SourceError

REPORT = 'report.json'
SCORES = 'scores.json'
_DONE = 'done.json'
_PACKAGES = ('numpy', 'onnxruntime', 'opencv-python-headless', 'rosbags', 'tokenizers', 'torch')


@dataclass(frozen=True)
class Task:
    """
    One bag to watch.

    :param annotations: what is asked of it; None: what was sent while it was recorded
    :param folder: where everything about it goes
    :param fingerprint: of all that decides what is decided
    """

    path: Path
    name: str
    watching: Watching
    annotations: Annotations | None
    folder: Path
    fingerprint: str


def evaluate(
    paths: Sequence[Path], out: Path, watching: Watching, *, annotations: Path | None = None,
    jobs: int = 1, ray: str | None = None, seed: int = 0, judge: Judge | None = None,
) -> Report:
    """
    Watch bags, score and write.

    :param annotations: a file for all bags; else those beside each, else its own instructions
    :param jobs: bags that are watched at the same time, each in a process of its own
    :param ray: address of a Ray cluster that they are watched on instead, each by one processor
    :param seed: of the intervals
    :returns: the report; a bag that could not be watched is in it with its ``error``
    :raises AnnotationError: when the annotations cannot be used
    :raises CheckpointError: when the checkpoint cannot be used
    :raises ClusterError: when the cluster cannot be used; what is done is kept
    :raises OutputError: when ``out`` holds something else, or another run writes there
    """
    checkpoint = load_checkpoint(watching.checkpoint)
    digest = checkpoint_digest(checkpoint.directory)
    given = read_annotations(annotations) if annotations else None
    tasks: list[Task] = []
    errors: dict[str, str] = {}
    names = bag_names(paths)
    for path, name in zip(paths, names, strict=True):
        try:
            asked = given.of(name) if given else _asked_beside(path)
            tasks.append(Task(
                path, name, watching, asked, out / 'bags' / name,
                _fingerprint(path, watching, digest, asked)))
        except (AnnotationError, OSError) as error:
            errors[name] = str(error)
    with evaluation_folder(out) as folder:
        undone = [task for task in tasks if not _is_done(task)]
        for name, sentence in _watch_all(undone, jobs, ray):
            errors[name] = sentence
        by_name = {task.name: task for task in tasks}
        bags = [
            _read(by_name[name]) if name not in errors else Bag(
                name, os.path.realpath(path), errors[name], 0, 0.0, 0.0, '')
            for path, name in zip(paths, names, strict=True)]
        for bag in bags:
            if not bag.error:
                _hold_against_truth(bag, by_name[bag.name].annotations)
        groups = score(bags, watching.fps, seed, judge)
        report = Report(
            Configuration(
                checkpoint=watching.checkpoint, checkpoint_sha256=digest, backend=watching.backend,
                fps=watching.fps, window_turns=watching.window_turns or checkpoint.window_turns,
                max_answer_tokens=watching.max_answer_tokens,
                response_threshold=watching.thresholds.response,
                release_threshold=watching.thresholds.release,
                memory_tokens=(
                    checkpoint.memory_tokens if watching.memory_tokens is None
                    else watching.memory_tokens),
                annotations=annotations.name if annotations else '',
                tolerances_s=list(TOLERANCES_S),
                interval_unit=interval_unit(bags), resamples=RESAMPLES,
                seed=seed),
            versions=dict(_versions()), machine=_machine(), bags=bags, groups=groups)
        _write_decisions(report, folder)
        scores = json.dumps(scores_of(report), indent=1, ensure_ascii=False) + '\n'
        folder.write_text(SCORES, scores)
        folder.write_text(REPORT, report_json(report))
    return report


def evaluation_folder(out: Path) -> OutputFolder:
    """Return the folder of an evaluation."""
    return OutputFolder(out, 'evaluation')


def watch_task(task: Task, progress: Callable[[float], None] = lambda seconds: None) -> str:
    """Watch one bag and write what was decided; return what went wrong, empty if nothing."""
    try:
        with OutputFolder(task.folder, 'watched bag') as folder:
            folder.clear()
            bag = watch_bag(
                task.path, task.name, task.watching, task.annotations, task.folder, progress)
            bag.written = str(Path('bags') / task.name / bag.written)
            # Last, and at once: what has it is whole.
            folder.write_text(_DONE, json.dumps({
                'fingerprint': task.fingerprint, 'decisions_sha256': _decided(task),
                'bag': asdict(bag)}, ensure_ascii=False) + '\n')
    except (OutputError, SourceError) as error:
        return str(error)
    return ''


def _watch_all(
    tasks: Sequence[Task], jobs: int, ray: str | None,
) -> Iterator[tuple[str, str]]:
    """Watch bags; yield the names and errors of those that could not be."""
    quiet = not sys.stderr.isatty()
    with tqdm(total=len(tasks), unit=' bag', leave=False, disable=quiet) as done:
        if ray is None and (jobs == 1 or len(tasks) < 2):
            for task in tasks:
                with tqdm(unit=' s', desc=task.name, leave=False, disable=quiet) as bar:
                    error = watch_task(task, partial(_advance, bar))
                if error:
                    yield task.name, error
                done.update()
            return
        if ray is not None:  # a worker's directory is not this one
            tasks = [
                replace(
                    task, path=task.path.resolve(), folder=task.folder.resolve(),
                    watching=replace(
                        task.watching, checkpoint=absolute_name(task.watching.checkpoint)))
                for task in tasks]
        for task, error in spread(watch_task, tasks, Spread(jobs, ray)):
            if error:
                yield task.name, error
            done.update()


def _advance(bar: tqdm, seconds: float) -> None:
    bar.update(max(0.0, seconds - bar.n))


def _asked_beside(path: Path) -> Annotations | None:
    file = annotations_beside(path)
    return read_annotations(file) if file else None


def _fingerprint(
    path: Path, watching: Watching, digest: str, annotations: Annotations | None,
) -> str:
    """Return what changes when something else might be decided; truth does not change it."""
    files = sorted(path.iterdir()) if path.is_dir() else [path] if path.exists() else []
    asked = None if annotations is None else [
        [one.id, one.text, one.asked, one.camera, one.task, one.skill,
         *([answer_fields(one.answer)] if one.answer else [])]
        for one in annotations.instructions] + [annotations.absolute]
    decided = {name: value for name, value in asdict(watching).items() if name != 'threads'}
    whole = json.dumps([
        SCHEMA, decided, digest, asked, os.path.realpath(path),
        [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files
         if file != annotations_beside(path)]])
    return hashlib.sha256(whole.encode()).hexdigest()


def _is_done(task: Task) -> bool:
    try:
        read = json.loads(_text(task.folder / _DONE))
        return bool(
            read['fingerprint'] == task.fingerprint
            and read['decisions_sha256'] == _decided(task) and from_json(Bag, read['bag']))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False  # begun, or spoilt: it is watched again


def _decided(task: Task) -> str:
    """Return the checksum of what was decided."""
    return hashlib.sha256((task.folder / DECISIONS).read_bytes()).hexdigest()


def _text(file: Path) -> str:
    """Return a file's text as ``output`` writes it: paths in it may be no UTF-8."""
    return file.read_text(encoding='utf-8', errors='surrogateescape')


def _read(task: Task) -> Bag:
    return from_json(
        Bag, json.loads(_text(task.folder / _DONE))['bag'])


def _hold_against_truth(bag: Bag, annotations: Annotations | None) -> None:
    if annotations is None:
        return
    offset = bag.start_ns * 1e-9 if annotations.absolute else 0.0
    asked = {one.id: one for one in annotations.instructions}
    for camera in bag.cameras:
        for found in camera.instructions:
            events = asked[found.id].events
            if events is not None:
                hold_against_truth(camera, found, events, offset)


def _write_decisions(report: Report, folder: OutputFolder) -> None:
    with folder.file(DECISIONS) as lines:
        for bag in report.bags:
            if bag.error:
                continue
            name = json.dumps(bag.name, ensure_ascii=False).encode()
            with (folder.path / 'bags' / bag.name / DECISIONS).open('rb') as own:
                lines.writelines(b'{"bag": ' + name + b', ' + line[1:] for line in own)


def scores_of(report: Report) -> dict[str, Any]:
    """Return the scores alone: nothing that depends on the machine, nor on where bags lie."""
    instructions = [
        {'bag': bag.name, 'camera': camera.topic, 'id': found.id,
         'scored': None if found.scored is None else asdict(found.scored)}
        for bag in report.bags for camera in bag.cameras for found in camera.instructions]
    return {
        'configuration': asdict(report.configuration),
        'groups': [asdict(group) for group in report.groups], 'instructions': instructions,
        'errors': sorted(bag.name for bag in report.bags if bag.error)}


def table(report: Report) -> list[str]:
    """Return the scores in lines, the trivial watchers beside."""
    widest = f'+-{TOLERANCES_S[-1]:g} s'
    lines = [f'{"":40}{"events":>7}{"answers":>8}{f"F1 {widest}":>20}{"silent":>8}'
             f'{"macro-F1":>10}{"majority":>9}{"false/h":>9}']
    for group in report.groups:
        model, beside = group.scored.model, group.scored.baselines
        f1 = model.within[-1].f1
        between = '' if f1.low is None else f' ({f1.low:.2f}-{f1.high:.2f})'
        lines.append(
            f'{(group.name or group.kind)[:39]:40}{model.events:7}{model.answers:8}'
            f'{f"{f1.value:.2f}{between}":>20}'
            f'{beside["always_silent"].within[-1].f1.value:8.2f}'
            f'{_shown(model.states.macro_f1.value):>10}'
            f'{_shown(beside["majority_state"].states.macro_f1.value):>9}'
            f'{_shown(model.false_alarms_per_hour.value):>9}')
    return lines


def _shown(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f}'


def _versions() -> Iterator[tuple[str, str]]:
    package_xml = Path(__file__).resolve().parents[3] / 'package.xml'
    if package_xml.is_file():
        yield 'streamo_ros', ElementTree.parse(package_xml).findtext('version', '')
    yield 'python', platform.python_version()
    for package in _PACKAGES:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            continue


def _machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        for line in Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines():
            if line.startswith('model name'):
                model = line.partition(':')[2].strip()
                break
    except OSError:
        pass  # no Linux: what Python knows will do
    return f'{model}, {os.cpu_count()} cores'
