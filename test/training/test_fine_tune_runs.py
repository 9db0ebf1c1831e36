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
A run of ``streamo train`` may be killed at any moment, and two processes train as one does.

``STREAMO_KILLS=10`` kills ten times.
"""

from contextlib import suppress
import json
import os
from pathlib import Path
import random
import signal
import socket
import time

import pytest

torch = pytest.importorskip('torch', reason='training needs torch')
for name in ('accelerate', 'peft', 'tensorboard', 'transformers'):
    pytest.importorskip(name, reason='training needs the train extras')

from random_model import write_random  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from streamo_process import started  # noqa: E402
from tiny_streams import write_streams  # noqa: E402

KILLS = int(os.environ.get('STREAMO_KILLS', '3'))
STEPS = 4 + 3 * KILLS


@pytest.fixture(scope='module')
def given(tmp_path_factory):
    """Return a checkpoint and streams."""
    directory = tmp_path_factory.mktemp('given')
    write_random('qwen2_5_vl', directory / 'model')
    return directory / 'model', write_streams(directory)


def command(given, out: Path, *options: str) -> list[str]:
    # Two rows hold the three streams, so that their order counts.
    return ['train', *map(str, given), '--out', str(out), '--max-tokens', '600',
            '--learning-rate', '1e-3', '--workers', '0', '--precision', 'float32', *options]


def run(given, out: Path):
    """Return the process of a whole run."""
    return started(command(
        given, out, '--steps', str(STEPS), '--accumulate', '2', '--save-every', '1'))


def weights(out: Path) -> bytes:
    return (out / 'model.safetensors').read_bytes()


def wait_until(process, condition) -> None:
    while process.is_alive() and not condition():
        time.sleep(0.001)


def stop_in_a_save(process, saving: Path) -> None:
    """Stop a process in the middle of a save."""
    begun = time.time()

    def at_it() -> bool:
        # What an earlier kill left may still be there.
        with suppress(FileNotFoundError):
            return any(
                file.stat().st_mtime > begun for file in saving.glob('checkpoint-*/*'))
        return False

    while process.is_alive():
        wait_until(process, at_it)
        os.kill(process.pid, signal.SIGSTOP)
        if at_it():
            return
        os.kill(process.pid, signal.SIGCONT)


def checkpoints(out: Path) -> list[int]:
    return sorted(
        int(path.name.split('-')[1]) for path in (out / 'training').glob('checkpoint-*'))


def test_a_run_that_is_killed_goes_on_to_the_same_bytes(given, tmp_path):
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    started(['--help']).join()  # loads what all are forked from: it would count as training
    begun = time.monotonic()
    process = run(given, whole)
    wait_until(process, (whole / 'training' / 'checkpoint-1').is_dir)
    first = time.monotonic() - begun
    process.join()
    step = (time.monotonic() - begun - first) / STEPS
    assert process.exitcode == 0
    chance = random.Random(0)
    moments, kept = [], []
    for kill in range(KILLS):
        process = run(given, killed)
        last = kept[-1] if kept else 0
        if kill % 3 == 1:
            stop_in_a_save(process, killed / 'training' / 'saving')
        else:  # between two steps, in one, or at any time
            if kill % 3 == 0:
                wait_until(process, (killed / 'training' / f'checkpoint-{last + 1}').is_dir)
                moment = time.monotonic() + chance.uniform(0, 2 * step)
            else:
                moment = time.monotonic() + chance.uniform(0, first + 2 * step)
            # Sooner if it gets on fast, or it would be done before the last kill.
            enough = killed / 'training' / f'checkpoint-{last + 2}'
            wait_until(process, lambda moment=moment, enough=enough: (
                time.monotonic() > moment or enough.is_dir()))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, 'it was done before it was killed'
        kept = checkpoints(killed)
        moments.append((kept[-1:], (killed / 'training' / 'saving').is_dir()))
        assert not (killed / 'model.safetensors').exists()
    assert any(kept for kept, _ in moments), f'nothing was ever resumed: {moments}'
    assert any(aside for _, aside in moments), f'no save was ever cut off: {moments}'
    print(f'killed with these checkpoints, in a save or not: {moments}')
    process = run(given, killed)
    process.join()
    assert process.exitcode == 0
    assert weights(killed) == weights(whole)


def test_two_processes_train_as_one_with_twice_the_rows(given, tmp_path):
    one, two = tmp_path / 'one', tmp_path / 'two'
    options = ['--steps', '3', '--evaluation', str(given[1])]
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        port = str(found.getsockname()[1])
    alone = started(command(
        given, one, *options, '--accumulate', '4', '--json', f'{one}.json'))
    # As a launcher starts them.
    pair = [
        started(
            command(given, two, *options, '--accumulate', '2', '--json', f'{two}.json'),
            RANK=rank, LOCAL_RANK=rank, WORLD_SIZE='2', LOCAL_WORLD_SIZE='2',
            MASTER_ADDR='127.0.0.1', MASTER_PORT=port)
        for rank in ('0', '1')]
    for process in (alone, *pair):
        process.join()
        assert process.exitcode == 0
    figures, others = (json.loads(Path(f'{out}.json').read_text()) for out in (one, two))
    assert figures['rows'] == others['rows'] >= 12
    assert others['loss'] == pytest.approx(figures['loss'], rel=1e-5)
    assert others['evaluation'] == pytest.approx(figures['evaluation'], rel=1e-5)
    mine, theirs = (load_file(out / 'model.safetensors') for out in (one, two))
    for name in mine:
        torch.testing.assert_close(theirs[name], mine[name], rtol=0, atol=1e-5)
