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

"""``streamo study``: experiments run by hand, each a module of ``streamo_ros.studies``."""

import argparse
from importlib import import_module

from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.files import check_files

STUDIES = {
    'ablation': "what the paper's choices are worth at nano's scale (needs torch)",
    'agreement': 'how often a cache that slides decides as a window that is read anew',
    'differencing': 'tune the frame-differencing baseline on validation streams',
    'film': 'a checkpoint on real film, beside frame differencing',
    'fleet': 'how many streams a device, a cluster and its door hold, simulated',
    'footprint': 'the memory that a checkpoint takes, beside what streamo info says',
    'importers': 'time and memory of the importers of streamo build, by the number of records',
    'made-benchmarks': 'a checkpoint, or two, on all benchmarks over films of known truth',
    'memory': 'what a memory of answers is worth to a checkpoint, and what it costs',
    'quantised': 'how often a quantised checkpoint decides as the one that it was made of',
    'questions': 'questions about an event log of known truth, answered by the planner',
    'sample-bag': 'write a small bag with its truth beside, for streamo evaluate',
    'scores': 'a checkpoint on rendered streams that it was never trained on',
    'split-bags': 'the test split as bags, and one report of them',
    'static-scene': 'what --still saves, and what it does to the decisions',
    'thresholds': 'from which probability on a checkpoint should respond, by validation streams',
    'throughput': 'time and memory of streamo evaluate, by the length of the bag',
}


def add_parser(commands: Commands) -> None:
    """Add the command; each study has options of its own."""
    study = commands.add_parser(
        'study', formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Experiments that are run by hand. Their options: streamo study NAME --help',
        epilog='\n'.join(['studies:', *(
            f'  {name:16} {summary}' for name, summary in STUDIES.items())]))
    study.set_defaults(run=run)
    study.add_argument('name', choices=STUDIES, metavar='NAME', help='one of the studies below')
    study.add_argument(
        'options', nargs=argparse.REMAINDER, metavar='...', help='what the study takes')


def run(options: argparse.Namespace) -> None:
    """Run one study."""
    study = import_module(f'streamo_ros.studies.{options.name.replace("-", "_")}')
    parser = argparse.ArgumentParser(
        prog=f'streamo study {options.name}', description=STUDIES[options.name],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    study.add_arguments(parser)
    given = parser.parse_args(options.options)
    check_files(given)
    study.main(given)
