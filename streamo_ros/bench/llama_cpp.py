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
llama.cpp's decoding of the same shape, with which the engine's cost is compared.

Its library comes in binary with an npm package, and is called through ctypes: nothing is compiled.
The structures below are those of that very release, and another one is refused.
"""

from collections import deque
from collections.abc import Mapping
import ctypes
from pathlib import Path
import tempfile
from typing import Any

import numpy as np

from streamo_ros.bench.random_gguf import write_random_gguf
from streamo_ros.engine.threads import given_threads
from streamo_ros.errors import one_line
from streamo_ros.errors import UserError
from streamo_ros.models import DecoderConfig

PACKAGE, VERSION, RELEASE = '@node-llama-cpp/linux-x64', '3.21.1', 'v0.4.0'
ROOT = Path('build/npm')
"""Where npm installs it, below the directory in which the command is given."""

_INSTALL = f'`npm install --prefix {ROOT} {PACKAGE}@{VERSION}`'
_BLOCK = 32  # numbers with one scale, in the formats with fewer bits
_UBATCH = 512  # tokens in one pass, as llama.cpp has it by default
_ERROR_LEVEL = 4


class PeerError(UserError):
    """llama.cpp cannot be measured here."""


class _ModelParams(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ('devices', 'tensor_buft_overrides')),
        *((name, ctypes.c_int32) for name in (
            'n_gpu_layers', 'split_mode', 'load_mode', 'lazy_mode', 'main_gpu')),
        *((name, ctypes.c_void_p) for name in (
            'tensor_split', 'progress_callback', 'progress_callback_user_data', 'kv_overrides')),
        *((name, ctypes.c_bool) for name in (
            'vocab_only', 'check_tensors', 'use_extra_bufts', 'no_host', 'no_alloc',
            'load_mtp')))


class _ContextParams(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_uint32) for name in (
            'n_ctx', 'n_batch', 'n_ubatch', 'n_seq_max', 'n_rs_seq', 'n_outputs_max',
            'n_outputs_max_per_seq')),
        *((name, ctypes.c_int32) for name in (
            'n_threads', 'n_threads_batch', 'ctx_type', 'rope_scaling_type', 'pooling_type',
            'attention_type', 'flash_attn_type')),
        *((name, ctypes.c_float) for name in (
            'rope_freq_base', 'rope_freq_scale', 'yarn_ext_factor', 'yarn_attn_factor',
            'yarn_beta_fast', 'yarn_beta_slow')),
        ('yarn_orig_ctx', ctypes.c_uint32),
        ('defrag_thold', ctypes.c_float),
        *((name, ctypes.c_void_p) for name in ('cb_eval', 'cb_eval_user_data')),
        *((name, ctypes.c_int32) for name in ('type_k', 'type_v')),
        *((name, ctypes.c_void_p) for name in ('abort_callback', 'abort_callback_data')),
        *((name, ctypes.c_bool) for name in (
            'embeddings', 'offload_kqv', 'no_perf', 'op_offload', 'swa_full', 'kv_unified')),
        ('samplers', ctypes.c_void_p),
        ('n_samplers', ctypes.c_size_t),
        ('ctx_other', ctypes.c_void_p))


class _Batch(ctypes.Structure):
    """With neither positions nor outputs named: tokens go to the end, and the last one is read."""

    _fields_ = (
        ('n_tokens', ctypes.c_int32),
        ('token', ctypes.POINTER(ctypes.c_int32)),
        *((name, ctypes.c_void_p) for name in ('embd', 'pos', 'n_seq_id', 'seq_id', 'logits')))


# What the release sets by default; all other fields are 0
_MODEL_DEFAULTS = {
    'n_gpu_layers': -1, 'split_mode': 1, 'load_mode': -1, 'lazy_mode': 1, 'use_extra_bufts': 1}
_CONTEXT_DEFAULTS = {
    'n_ctx': 512, 'n_batch': 2048, 'n_ubatch': _UBATCH, 'n_seq_max': 1,
    'n_outputs_max_per_seq': 1, 'n_threads': 4, 'n_threads_batch': 4, 'type_k': 1, 'type_v': 1,
    **dict.fromkeys((
        'rope_scaling_type', 'pooling_type', 'attention_type', 'flash_attn_type',
        'yarn_ext_factor', 'yarn_attn_factor', 'yarn_beta_fast', 'yarn_beta_slow',
        'defrag_thold'), -1),
    **dict.fromkeys(('offload_kqv', 'no_perf', 'op_offload', 'swa_full'), 1)}

# Result and arguments of the functions that are called
_POINTER, _INT = ctypes.c_void_p, ctypes.c_int32
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    'llama_backend_init': (None, ()),
    'llama_log_set': (None, (_POINTER, _POINTER)),
    'llama_model_default_params': (_ModelParams, ()),
    'llama_context_default_params': (_ContextParams, ()),
    'llama_model_load_from_file': (_POINTER, (ctypes.c_char_p, _ModelParams)),
    'llama_init_from_model': (_POINTER, (_POINTER, _ContextParams)),
    'llama_decode': (_INT, (_POINTER, _Batch)),
    'llama_synchronize': (None, (_POINTER,)),
    'llama_get_memory': (_POINTER, (_POINTER,)),
    'llama_memory_seq_rm': (ctypes.c_bool, (_POINTER, _INT, _INT, _INT)),
    'llama_memory_seq_pos_max': (_INT, (_POINTER, _INT)),
    'llama_free': (None, (_POINTER,)),
    'llama_model_free': (None, (_POINTER,))}

_errors: deque[str] = deque(maxlen=1)


def _note(level: int, text: bytes, _: object) -> None:
    if level == _ERROR_LEVEL:
        _errors.append(one_line(text.decode(errors='replace').strip()))


_log = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(_note)


def open_library(root: Path = ROOT) -> ctypes.CDLL:
    """
    Return libllama, with what it computes with on this processor.

    :param root: where npm has installed it
    :raises PeerError: when it is not there, or is of another release
    """
    folder = root / 'node_modules' / PACKAGE / 'bins' / 'linux-x64'
    if not folder.is_dir():
        raise PeerError(f'{folder} is not there: {_INSTALL} brings llama.cpp')
    if not (folder / f'libllama.{RELEASE}.so').exists():
        raise _other_release(folder)
    try:
        # In one order: each of them finds the ones before it loaded.
        ggml = ctypes.CDLL(str(folder.resolve() / f'libggml.{RELEASE}.so'))
        library = ctypes.CDLL(str(folder.resolve() / f'libllama.{RELEASE}.so'))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
        ggml.ggml_backend_load_all_from_path.restype = None
    except (AttributeError, OSError) as error:
        raise PeerError(f'llama.cpp cannot be loaded: {one_line(str(error))}') from error
    library.llama_log_set(_log, None)
    if not (_as_known(library.llama_model_default_params(), _MODEL_DEFAULTS)
            and _as_known(library.llama_context_default_params(), _CONTEXT_DEFAULTS)):
        raise _other_release(folder)
    ggml.ggml_backend_load_all_from_path(bytes(folder.resolve()))
    library.llama_backend_init()
    return library


def check_shape(decoder: DecoderConfig) -> None:
    """
    Check that llama.cpp's ``qwen2`` can have the shape of a decoder.

    :raises PeerError: when it cannot
    """
    if decoder.qk_norm or decoder.deepstack:
        raise PeerError(
            'llama.cpp is measured on decoders like that of Qwen2.5-VL, and this one normalises '
            'its queries or takes visual features in several layers: leave --peer out')
    if decoder.heads * decoder.head_dim != decoder.hidden:
        raise PeerError(
            f'{decoder.heads} heads of {decoder.head_dim} are not the hidden size of '
            f'{decoder.hidden}, as llama.cpp wants them: leave --peer out')
    if decoder.hidden % _BLOCK or decoder.mlp % _BLOCK:
        raise PeerError(
            f'hidden sizes of {decoder.hidden} and {decoder.mlp} do not come in the blocks of '
            f'{_BLOCK} that llama.cpp quantises: leave --peer out')


class LlamaCppDecoder:
    """
    A decoder of random weights in llama.cpp, whose cache holds a window but for its last turn.

    Flash attention, and a cache in float16. Its weights lie in memory: the file is gone.

    :param library: of ``open_library``
    :param decoder: a shape that ``check_shape`` takes
    :param stored: one of ``FORMATS``
    :param context: tokens that stay in the cache
    :param turn: tokens of a tick
    :param threads: as in ``given_threads``
    :raises PeerError: when llama.cpp does not take it
    """

    def __init__(
        self, library: ctypes.CDLL, decoder: DecoderConfig, stored: str, *, context: int,
        turn: int, threads: int = 0,
    ) -> None:
        self._library, self._context = library, context
        self._model = self._session = None
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, f'{stored}.gguf')
            write_random_gguf(decoder, stored, file)
            self._model = library.llama_model_load_from_file(
                bytes(file), library.llama_model_default_params())
        if not self._model:
            raise _refusal('the model')
        params = library.llama_context_default_params()
        params.n_ctx = context + turn
        params.n_batch = params.n_ubatch = max(_UBATCH, turn)
        params.n_outputs_max = 1
        params.n_threads = params.n_threads_batch = given_threads(threads)
        params.flash_attn_type = 1
        self._session = library.llama_init_from_model(self._model, params)
        if not self._session:
            self.close()
            raise _refusal('the window')
        self._memory = library.llama_get_memory(self._session)
        tokens = np.random.default_rng(0).integers(0, decoder.vocab, context, np.int32)
        for first in range(0, context, _UBATCH):
            self._decode(tokens[first:first + _UBATCH])
        self._turn = np.resize(tokens, turn)

    @property
    def cached(self) -> int:
        """Return the tokens in the cache."""
        return int(self._library.llama_memory_seq_pos_max(self._memory, 0)) + 1

    def tick(self) -> None:
        """Decode a turn behind the context, and forget it again."""
        self._decode(self._turn)
        if not self._library.llama_memory_seq_rm(self._memory, 0, self._context, -1):
            raise _refusal('the end of a tick')

    def close(self) -> None:
        """Free the memory that it takes."""
        if self._session:
            self._library.llama_free(self._session)
        if self._model:
            self._library.llama_model_free(self._model)
        self._session = self._model = None

    def _decode(self, tokens: np.ndarray[Any, np.dtype[np.int32]]) -> None:
        batch = _Batch(
            n_tokens=len(tokens), token=tokens.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)))
        if self._library.llama_decode(self._session, batch):
            raise _refusal('a turn')
        self._library.llama_synchronize(self._session)


def _as_known(params: ctypes.Structure, defaults: Mapping[str, float]) -> bool:
    return all(
        (getattr(params, field[0]) or 0) == defaults.get(field[0], 0)
        for field in params._fields_)


def _other_release(folder: Path) -> PeerError:
    return PeerError(
        f'{folder} holds another llama.cpp than {RELEASE}, which is measured: {_INSTALL} brings '
        'that')


def _refusal(what: str) -> PeerError:
    return PeerError(f'llama.cpp did not take {what}: {" ".join(_errors) or "it did not say why"}')
