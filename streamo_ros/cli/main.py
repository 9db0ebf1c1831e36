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
What ``streamo`` runs: finds the command's module, and turns errors into sentences and exit codes.

Exit codes: 0 done, 1 failed (with one sentence on the error output), 2 wrong usage. A command's
module is imported only when that command is given, and imports what it needs only when it runs.
"""

import argparse
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
import os
import signal
import sys
from typing import NoReturn
import warnings

from streamo_ros.closed_streams import fill_closed_streams
from streamo_ros.errors import one_line
from streamo_ros.errors import UserError

COMMANDS = {
    'watch': 'watch a video, an image folder, a bag or a live camera, without ROS',
    'info': 'what a checkpoint takes, and what machines can do with it',
    'serve': 'watch streams of robots elsewhere, on one machine or a cluster',
    'console': 'what the nodes on a robot see and decide, in a terminal or as JSON',
    'bench': 'measure what things cost on this machine',
    'assemble': 'put a built-in checkpoint together from pretrained parts, once',
    'quantize': 'write a checkpoint in int8 or int4, calibrated on streams',
    'export': 'write a checkpoint as ONNX, held against torch, or as TensorRT engines',
    'annotate': 'mark on a page what happens in a bag, or check what was marked',
    'build': 'raw annotations from those of published data sets, and mixes of them',
    'convert': 'raw annotations to the stream format that models train on, or back',
    'benchmark': 'score a model on a published benchmark',
    'evaluate': 'watch recorded bags, and say how good what was decided is',
    'train': 'train a checkpoint on streams, as the paper does',
    'study': 'run one of the experiments behind the figures',
}


# What pip calls a package whose module has another name
_PIP_NAMES = {
    'cv2': 'opencv-python-headless', 'ml_dtypes': 'ml-dtypes', 'PIL': 'pillow',
    'prometheus_client': 'prometheus-client', 'ruamel': 'ruamel.yaml', 'yaml': 'PyYAML'}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    fill_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors='surrogateescape')  # file names are not always UTF-8
    warnings.filterwarnings('ignore', module='PIL')  # on details of pictures that are read anyway
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        options.run(options)
        sys.stdout.flush()  # here, where a closed pipe or a full disk can still be told
    except UserError as error:
        print(f'streamo: {one_line(str(error))}', file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        module = (error.name or 'streamo_ros').partition('.')[0]
        if module == 'streamo_ros':
            raise
        print(f'streamo: the Python package {module} is needed for this and not installed here: '
              f'pip install {_PIP_NAMES.get(module, module)}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _end_in_silence()
    except MemoryError:
        print('streamo: there is not enough memory for this: end other programs, or raise the '
              'limit (ulimit -v)', file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, a folder that may not be read: no defect of ours
        print(f'streamo: {one_line(str(error))}', file=sys.stderr)
        return 1
    return 0


def _end_in_silence() -> NoReturn:
    """End at once: whoever read the output, such as ``head``, has seen enough."""
    # Not by an exit that flushes: what is left in buffers has nowhere to go.
    os._exit(128 + signal.SIGPIPE)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """
    Return a command's options and, as ``run``, the function that takes them.

    :raises UserError: when it could not read what it is given, or not write where it shall
    """
    parser = argparse.ArgumentParser(
        prog='streamo', description='Watch a stream with a model that decides when to speak.')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    if arguments and arguments[0] in COMMANDS:
        import_module(f'streamo_ros.cli.{arguments[0]}').add_parser(commands)
    else:
        for name, summary in COMMANDS.items():
            commands.add_parser(name, help=summary)
    options = parser.parse_args(arguments)
    from streamo_ros.cli.files import check_files  # not for a list of commands
    check_files(options)
    return options
