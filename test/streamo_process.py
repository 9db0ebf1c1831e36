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
"""Runs of the command line in processes of their own, which can be killed."""

from collections.abc import Sequence
import multiprocessing
import os

_CONTEXT = multiprocessing.get_context('forkserver')
# All are forked from one that has everything loaded: what is waited for is training.
_CONTEXT.set_forkserver_preload(['streamo_ros.training.fine_tune'])


def _run(arguments: Sequence[str], environment: dict[str, str]) -> None:
    import torch

    from streamo_ros.cli.main import main
    os.environ.update(environment)
    torch.set_num_threads(1)
    raise SystemExit(main(arguments))


def started(arguments: Sequence[str], **environment: str):
    """Return a process that runs ``streamo`` with these arguments."""
    process = _CONTEXT.Process(target=_run, args=(list(arguments), environment))
    process.start()
    return process
