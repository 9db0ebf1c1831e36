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

"""``streamo build mix``: a training set drawn from raw annotations."""

import argparse
from pathlib import Path
import sys
from typing import Any
from typing import TYPE_CHECKING

from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive
from streamo_ros.number_arguments import positive_count

if TYPE_CHECKING:
    from streamo_ros.evaluation.pages.samples import Sample
    from streamo_ros.training.importers.mix import Mixer

SAMPLES = 24


def share(text: str) -> tuple[str, float]:
    """Return the name and the share of NAME=SHARE."""
    name, sign, value = text.rpartition('=')
    if not sign or not name:
        raise argparse.ArgumentTypeError(f'{text} is not of the form NAME=SHARE')
    return name, positive(value)


def part(text: str) -> float:
    """Return a share from 0 to below 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not from 0 to below 1')
    return value


def add_arguments(mix: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    mix.set_defaults(run=run)
    mix.add_argument(
        'files', type=Path, nargs='+', metavar='RAW', help='what streamo build wrote')
    mix.add_argument(
        '--out', type=Path, required=True, metavar='DIR',
        help='a folder, new or of an earlier mix: train.json, validation.json, mix.json, and '
        'mix.html to look at')
    mix.add_argument(
        '--videos', type=Path, required=True, metavar='DIR',
        help='the folder of the videos, for the pictures of the page')
    mix.add_argument(
        '--records', type=positive_count, metavar='N',
        help='in all; as many as the shares allow if not given')
    mix.add_argument(
        '--tasks', type=share, nargs='+', default=[], metavar='TASK=SHARE',
        help='those that are not named are left out; as there are if not given')
    mix.add_argument(
        '--sources', type=share, nargs='+', default=[], metavar='SOURCE=SHARE',
        help='likewise, by the field source, within each task')
    mix.add_argument(
        '--held-out', type=part, default=0.05, metavar='SHARE',
        help='of the videos, for validation; 0.05 if not given')
    mix.add_argument('--seed', type=count, default=0, help='of the draw; 0 if not given')


def run(options: argparse.Namespace) -> None:
    """Draw a mix; bad records are named and left out."""
    import json

    from streamo_ros.cli.progress import Progress
    from streamo_ros.evaluation.pages.samples import samples_page
    from streamo_ros.output import OutputFolder
    from streamo_ros.training.importers.mix import Mix
    from streamo_ros.training.importers.mix import Mixer
    from streamo_ros.training.importers.mix import SPLITS
    from streamo_ros.training.json_records import FileError
    from streamo_ros.training.json_records import written_in
    mix = Mix(options.records, dict(options.tasks), dict(options.sources), options.held_out,
              options.seed)
    with OutputFolder(options.out, 'mix') as folder:
        mixer = Mixer(mix)
        size = sum(file.stat().st_size for file in options.files if file.is_file())
        with Progress(size or None, unit='B', unit_scale=True) as progress:
            for file in options.files:
                mixer.read(file, progress.advance)
        mixer.draw()
        for split in SPLITS:
            with written_in(folder, f'{split}.json') as writer:
                for record in mixer.drawn(split):
                    writer.write(record)
        result = mixer.result
        folder.write_text(
            'mix.json', json.dumps({'mix': vars(mix), **result.to_json()}, indent=1) + '\n')
        folder.write_text('mix.html', samples_page(
            'Training mix', [f'{len(result.bad)} bad records, {result.doubles} doubles.'],
            _tables(mixer), _samples(mixer, options.videos)))
    print('\n'.join(result.lines()))
    for file, index, field, what in result.bad[:20]:
        print(f'bad record: {file} record {index}: {field}: {what}', file=sys.stderr)
    if result.bad:
        raise FileError(f'{len(result.bad)} of {result.records} records were bad: '
                        f'{options.out / "mix.json"} has all')


def _samples(mixer: 'Mixer', videos: Path) -> list['Sample']:
    from streamo_ros.evaluation.pages.samples import Sample
    from streamo_ros.training.importers.mix import answers_of
    from streamo_ros.training.importers.summary import turns_of
    return [
        Sample(
            videos / annotation.video_path, f'{annotation.task_type}, {annotation.source}', turns,
            answers_of(annotation))
        for annotation in mixer.sample(SAMPLES)
        if (turns := turns_of(annotation)) is not None]


def _tables(mixer: 'Mixer') -> list[dict[str, Any]]:
    result = mixer.result
    shares = {'before': result.before, **result.after}
    return [
        {'title': 'States', 'columns': ['', 'silence', 'standby', 'response'], 'rows': [
            {'cells': [name, *(f'{value:.1%}' for value in summary.shares().values())]}
            for name, summary in shares.items()]},
        {'title': 'Records', 'columns': ['part', 'task', 'source', 'there', 'drawn'], 'rows': [
            {'cells': [cell.split, cell.task, cell.source, cell.available, cell.drawn]}
            for cell in result.cells]}]
