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

"""llama.cpp decodes what the engine decodes in a tick; where it is not, the command says so."""

from dataclasses import replace
import json
from pathlib import Path

import pytest

from streamo_ros.bench import engine as bench
from streamo_ros.bench import llama_cpp
from streamo_ros.bench.random_gguf import FORMATS
from streamo_ros.cli.main import main
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.models import DecoderConfig
from streamo_ros.models import load_checkpoint

REPOSITORY = Path(__file__).resolve().parents[2]
BINARIES = Path('node_modules', llama_cpp.PACKAGE, 'bins', 'linux-x64')
DECODER = DecoderConfig(
    layers=2, hidden=64, heads=4, kv_heads=2, head_dim=16, mlp=96, vocab=50, norm_eps=1e-6,
    rope_theta=1e6, rope_axes=(0,) * 8, qkv_bias=True, qk_norm=False, deepstack=0)
FIGURES = [
    f'llama_cpp_{stored}_{figure}' for stored in ('f16', 'q8_0', 'q4_0')
    for figure in ('ms', 'ratio')]


@pytest.fixture
def installed(monkeypatch):
    """Be where llama.cpp is installed."""
    monkeypatch.chdir(REPOSITORY)
    if not (llama_cpp.ROOT / BINARIES).is_dir():
        with pytest.raises(llama_cpp.PeerError) as absent:
            llama_cpp.open_library()
        pytest.skip(str(absent.value))


class Recording:
    """A library that notes how many tokens were decoded, and how many were then in the cache."""

    def __init__(self, library):
        self._library = library
        self.decoded = []

    def __getattr__(self, name):
        return getattr(self._library, name)

    def llama_decode(self, session, batch):
        result = self._library.llama_decode(session, batch)
        cached = self.llama_memory_seq_pos_max(self.llama_get_memory(session), 0) + 1
        self.decoded.append((batch.n_tokens, cached))
        return result


@pytest.mark.parametrize('stored', FORMATS)
def test_a_tick_decodes_a_turn_at_the_windows_end_and_forgets_it(installed, stored):
    library = Recording(llama_cpp.open_library())
    decoder = llama_cpp.LlamaCppDecoder(library, DECODER, stored, context=700, turn=37)
    assert decoder.cached == 700
    library.decoded.clear()
    for _ in range(3):
        decoder.tick()
        assert decoder.cached == 700
    assert library.decoded == 3 * [(37, 737)]
    decoder.close()


def test_what_it_does_not_take_is_said_with_its_own_words(installed, monkeypatch):
    monkeypatch.setattr(
        llama_cpp, 'write_random_gguf', lambda decoder, stored, file: file.write_bytes(b'none'))
    with pytest.raises(llama_cpp.PeerError, match='did not take the model: .*load'):
        llama_cpp.LlamaCppDecoder(
            llama_cpp.open_library(), DECODER, 'F16', context=10, turn=2)


def test_the_command_measures_it_where_the_engine_is_measured(installed, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, '_hugging_face', lambda *_: [])
    monkeypatch.setattr(bench, 'peak_gflops', lambda: 1.0)
    monkeypatch.setattr(bench, '_SETTLE_S', 0)
    figures, turns = tmp_path / 'figures.json', []
    take = llama_cpp.LlamaCppDecoder.__init__
    monkeypatch.setattr(
        llama_cpp.LlamaCppDecoder, '__init__', lambda self, *arguments, context, turn, threads: (
            turns.append((context, turn, threads)),
            take(self, *arguments, context=context, turn=turn, threads=threads))[1])
    assert main(['bench', 'engine', '--peer', 'llama.cpp', '--window', '3', '--ticks', '4',
                 '--threads', '1', '--json', str(figures)]) == 0
    written = json.loads(figures.read_text())
    assert [name for name in written if name.startswith('llama_cpp')] == FIGURES
    assert all(written[name] > 0 for name in FIGURES)
    [(context, turn, threads)] = set(turns)
    assert (turn, threads) == (written['turn_tokens'], 1)
    nano = load_checkpoint('nano')
    sink = bench.NoiseStream(nano, new_backend('auto', nano, 1), 1, 1, 4).sink_length
    assert context == sink + 2 * turn


def test_a_library_with_other_defaults_is_refused(installed, monkeypatch):
    monkeypatch.setitem(llama_cpp._CONTEXT_DEFAULTS, 'n_ubatch', 1024)
    with pytest.raises(llama_cpp.PeerError, match='another llama.cpp'):
        llama_cpp.open_library()


def test_without_it_the_command_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, 'NoiseStream', None)  # said before anything is measured
    assert main(['bench', 'engine', '--peer', 'llama.cpp']) == 1
    [said] = capsys.readouterr().err.splitlines()
    assert '`npm install --prefix build/npm @node-llama-cpp/linux-x64@3.21.1`' in said


@pytest.mark.parametrize('name, words', [
    ('libllama.v0.5.0.so', 'another llama.cpp'), ('libllama.v0.4.0.so', 'cannot be loaded')])
def test_another_release_or_what_is_no_library_is_refused(name, words, tmp_path):
    (tmp_path / BINARIES).mkdir(parents=True)
    (tmp_path / BINARIES / name).write_text('no library')
    with pytest.raises(llama_cpp.PeerError, match=words):
        llama_cpp.open_library(tmp_path)


@pytest.mark.parametrize('changed, words', [
    ({'qk_norm': True}, 'normalises'), ({'deepstack': 3}, 'visual features'),
    ({'heads': 5}, 'hidden size'), ({'mlp': 100}, 'blocks of 32'),
    ({'hidden': 48, 'heads': 3}, 'blocks of 32')])
def test_a_decoder_that_it_cannot_have_is_refused(changed, words):
    llama_cpp.check_shape(DECODER)
    with pytest.raises(llama_cpp.PeerError, match=words):
        llama_cpp.check_shape(replace(DECODER, **changed))
