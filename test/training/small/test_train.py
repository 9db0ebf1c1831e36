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

"""small's trainer goes on where it was cut off, and writes what the assembly takes."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_small import pickled
from tiny_small import tiny_gguf
from tiny_small import trunk_state
from tiny_small import write_wheel

from streamo_ros.engine import StreamEngine
from streamo_ros.models import assembly
from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.models import read_checkpoint

torch = pytest.importorskip('torch', reason='the trainer is torch')
pytest.importorskip('transformers')

from streamo_ros.training.small import streams  # noqa: E402
from streamo_ros.training.small import train  # noqa: E402


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Return a folder with tiny wheels; what is trained is short and asks little."""
    folder = tmp_path / 'wheels'
    folder.mkdir()
    for name, content in (('LANGUAGE', tiny_gguf()), ('TRUNK', pickled(trunk_state()))):
        wheel = getattr(assembly, name)
        digest = write_wheel(folder, wheel.stem, wheel.member, content)
        monkeypatch.setattr(
            assembly, name, assembly.Wheel(wheel.package, wheel.version, digest, wheel.member))
    monkeypatch.setattr(train, 'TURNS', 4)
    monkeypatch.setattr(train, 'VALIDATION', 1)
    monkeypatch.setattr(train, 'QUESTIONS', {'vision': (0,), 'stream': (1,)})
    monkeypatch.setattr(streams, 'SHARES', {'sentry': 1.0})
    return folder


def trained(directory, wheels, *, steps):
    """Train; return what was learned, and the notes."""
    train.write_base(directory, wheels)
    train.train_small(directory, train.SmallPlan(
        seed=1, vision_steps=1, steps=steps, decay=1, save_every=1, validate_every=2),
        'nano', log=lambda line: None)
    notes = [json.loads(line)
             for line in (directory / 'train.jsonl').read_text().splitlines()]
    return load_file(directory / 'learned.safetensors'), notes


def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(wheels, tmp_path, monkeypatch):
    # The level part of the schedule, whatever the number of steps.
    monkeypatch.setattr(train, 'rate_at', lambda *_: 1.0)
    whole, notes = trained(tmp_path / 'whole', wheels, steps=2)
    trained(tmp_path / 'cut', wheels, steps=1)
    cut, _ = trained(tmp_path / 'cut', wheels, steps=2)
    assert [note.get('stage') for note in notes] == ['vision', 'stream', 'stream', None]
    assert {'state', 'text', 'response_f1'} <= notes[-1]['validation'].keys()
    assert whole.keys() == cut.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(value, cut[name], err_msg=name)


def test_what_was_learned_is_put_together_and_watches(wheels, tmp_path):
    learned, _ = trained(tmp_path / 'run', wheels, steps=1)
    assert not any(name.startswith('heads.') for name in learned)
    out = assembly.assemble_small(
        tmp_path / 'small', wheels, learned=tmp_path / 'run' / 'learned.safetensors')
    engine = StreamEngine.from_pretrained(out, backend='onnxruntime')
    engine.watch('Tell me when the light goes off.')
    frames = np.random.default_rng(0).integers(0, 256, (3, 48, 64, 3), np.uint8)
    for stamp, frame in enumerate(frames):
        decision, = engine.step(frame, float(stamp))
        assert sum(decision.probabilities) == pytest.approx(1)


def test_a_run_whose_state_is_lost_goes_on_from_what_was_learned(wheels, tmp_path):
    learned, _ = trained(tmp_path / 'run', wheels, steps=1)
    train.write_base(tmp_path / 'next', wheels)
    model = train.Small(read_checkpoint(tmp_path / 'next'), {
        name: torch.from_numpy(value)
        for name, value in load_file(tmp_path / 'next' / 'base.safetensors').items()})
    train.start_learned(model, tmp_path / 'run' / 'learned.safetensors')
    for name, value in learned.items():
        np.testing.assert_array_equal(
            model.get_parameter(name).detach().numpy().astype(np.float16), value, err_msg=name)


def test_what_is_no_such_file_is_refused(wheels, tmp_path):
    train.write_base(tmp_path / 'run', wheels)
    model = train.Small(read_checkpoint(tmp_path / 'run'), {
        name: torch.from_numpy(value)
        for name, value in load_file(tmp_path / 'run' / 'base.safetensors').items()})
    with pytest.raises(CheckpointError, match='does not hold what this version of small learns'):
        train.start_learned(model, tmp_path / 'run' / 'base.safetensors')


def test_the_change_tower_starts_as_nanos(wheels, tmp_path):
    train.write_base(tmp_path / 'run', wheels)
    checkpoint, nano = read_checkpoint(tmp_path / 'run'), load_checkpoint('nano')
    model = train.Small(checkpoint, {
        name: torch.from_numpy(value)
        for name, value in load_file(tmp_path / 'run' / 'base.safetensors').items()})
    train.start_tower(model.eyes, nano, checkpoint)
    frames = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), np.uint8)
    grid = torch.tensor([[1, 8, 8]])

    def features(of):
        patches = nano.frame.cut(*frames, nano.vision)
        return model.eyes.tower(torch.from_numpy(
            of.frame.normalise(patches, nano.vision)), grid_thw=grid).pooler_output

    with torch.no_grad():
        got = features(checkpoint)
        expected = torch.from_numpy(nano.weights['visual.patch_embed.proj.weight'].copy())
        model.eyes.tower.patch_embed.proj.weight.copy_(expected)
        same = features(nano)
    # But for the shift between the two normalisations, which filters without a bias cannot take.
    assert torch.nn.functional.cosine_similarity(got, same, dim=-1).min() > 0.9
