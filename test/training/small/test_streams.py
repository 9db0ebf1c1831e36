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

"""What small's trainer shows the decoder is what the engine will show it."""

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_small import pickled
from tiny_small import tiny_gguf
from tiny_small import trunk_state
from tiny_small import write_wheel

from streamo_ros.dialogue import State
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.models import assembly
from streamo_ros.models import load_checkpoint
from streamo_ros.models import read_checkpoint
from streamo_ros.training.sequence import SINK
from streamo_ros.worlds.question import Truth

torch = pytest.importorskip('torch', reason='the trainer is torch')
pytest.importorskip('transformers')

from streamo_ros.training.small import decoder  # noqa: E402
from streamo_ros.training.small import streams as module  # noqa: E402
from streamo_ros.training.small import train  # noqa: E402
from streamo_ros.training.small.streams import collate_small  # noqa: E402
from streamo_ros.training.small.streams import FrozenTrunk  # noqa: E402
from streamo_ros.training.small.streams import SmallStreams  # noqa: E402


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return the folder of a run of a tiny model, and the folder of its wheels."""
    wheels = tmp_path / 'wheels'
    wheels.mkdir()
    for name, content in (('LANGUAGE', tiny_gguf()), ('TRUNK', pickled(trunk_state()))):
        wheel = getattr(assembly, name)
        digest = write_wheel(wheels, wheel.stem, wheel.member, content)
        monkeypatch.setattr(
            assembly, name, assembly.Wheel(wheel.package, wheel.version, digest, wheel.member))
    monkeypatch.setattr(module, 'SHARES', {'sentry': 1.0})
    train.write_base(tmp_path / 'run', wheels)
    return tmp_path / 'run', wheels


def drawn(directory, **options):
    """Return a dataset, and what it holds first."""
    checkpoint = read_checkpoint(directory)
    base = load_file(directory / 'base.safetensors')
    trunk = FrozenTrunk(checkpoint, {
        name: torch.from_numpy(value) for name, value in base.items()})
    dataset = SmallStreams(checkpoint, trunk, **{
        'seed': 5, 'count': 4, 'turns': 4, 'questions': (1, 1), **options})
    return checkpoint, base, dataset


def test_the_trainers_tokens_are_the_engines(run, tmp_path, monkeypatch):
    for place in (decoder, module, train):
        monkeypatch.setattr(place, 'WORKING', torch.float32)
    directory, wheels = run
    checkpoint, base, dataset = drawn(directory)
    model = train.Small(checkpoint, {
        name: torch.from_numpy(value) for name, value in base.items()})
    for weight in model.eyes.parameters():
        weight.data += 0.05 * torch.randn_like(weight)
        weight.data = weight.data.half().float()
    shown = []
    draw = dataset.draw
    monkeypatch.setattr(
        dataset, 'draw', lambda *given: shown.append(draw(*given)) or shown[-1])
    batch = collate_small([dataset[0]])
    with torch.no_grad(), torch.autocast('cpu', enabled=False):
        tokens = model.eyes(batch.batch.patches, batch.batch.grid, batch.seen)
    train.save_learned(
        dict(model.named_parameters()), directory / 'learned.safetensors')
    backend = OnnxRuntimeBackend(load_checkpoint(assembly.assemble_small(
        tmp_path / 'small', wheels, learned=directory / 'learned.safetensors')))
    frames = shown[0].frames
    for before, frame, expected in zip(
            [frames[0], *frames[:-1]], frames, tokens, strict=True):
        cut = checkpoint.frame.cut(before, frame, checkpoint.vision)
        # Features travel in half precision, and the assembled weights are halves.
        np.testing.assert_allclose(
            backend.encode_image(cut, (4, 4))[0], expected, rtol=0,
            atol=0.02 * float(expected.abs().max()))


def test_all_sequences_of_a_step_have_one_window_and_steps_have_several(run):
    _, _, dataset = drawn(run[0], turns=2, count=40)
    windows = [dataset.windows(np.random.default_rng(index), index, 1)[0] for index in range(40)]
    assert windows[::2] == windows[1::2]
    assert set(windows) == set(module.WINDOWS)


def test_a_batch_knows_its_longest_sink(run):
    _, _, dataset = drawn(run[0], turns=2)
    examples = [dataset[0], dataset[1]]
    batch = collate_small(examples)
    assert batch.sink == max(
        int((sequence.turns == SINK).sum())
        for example in examples for sequence in example.sequences)
    assert batch.seen.shape == (4, 16, 112 + 1280)


def test_of_long_silence_a_share_trains_and_of_all_else_everything(run):
    states = [State.SILENCE] * 40 + [State.STANDBY, State.RESPONSE] + [State.SILENCE] * 40
    truths = [Truth(state, 'Now.') for state in states]
    counted = {
        share: [turn.counted for turn in drawn(run[0], silent=share)[2].turns_of(
            np.random.default_rng(0), truths)] for share in (1.0, 0.25, 0.0)}
    assert all(counted[1.0])
    # The event, and a silent tick on either side of it.
    assert [tick for tick, one in enumerate(counted[0.0]) if one] == [39, 40, 41, 42]
    assert 10 <= sum(counted[0.25]) - 4 <= 30
    kept = [Truth(State.STANDBY, counted=False)] * 3
    assert not any(turn.counted for turn in drawn(run[0], silent=0.5)[2].turns_of(
        np.random.default_rng(0), kept))
