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
Spoilt checkpoints: what happens to directories on their way to a robot, one row each.

A row spoils a sound directory and has the gist of the one sentence that is to refuse it.
"""

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
import json
import os
from pathlib import Path
import struct
from typing import Any

import ml_dtypes
import numpy as np
from safetensors.numpy import load_file
from safetensors.numpy import save_file

Spoil = Callable[[Path], None]

HUGE = 10 ** 9
INDEX = 'model.safetensors.index.json'
WEIGHTS = 'model.safetensors'


@dataclass(frozen=True)
class Row:
    """
    One spoilt checkpoint.

    :param gist: regular expression that the sentence matches
    :param family: of the sound directory: the built-in nano, or a random model's
    """

    name: str
    spoil: Spoil
    gist: str
    family: str = 'nano'


# How a directory is spoilt


def edit(file: str, **fields: Any) -> Spoil:
    """Set fields of a JSON file, which is made where there is none; a dot leads inside."""
    def spoil(directory: Path) -> None:
        path = directory / file
        whole = json.loads(path.read_text()) if path.is_file() else {}
        for name, value in fields.items():
            inner, *parts, last = ['', *name.split('__')]
            assert not inner
            at = whole
            for part in parts:
                at = at.setdefault(part, {})
            if value is ...:
                del at[last]
            else:
                at[last] = value
        path.write_text(json.dumps(whole))
    return spoil


def put(file: str, content: bytes) -> Spoil:
    return lambda directory: _replaced(directory / file).write_bytes(content) and None


def cut(file: str, share: float) -> Spoil:
    def spoil(directory: Path) -> None:
        content = (directory / file).read_bytes()
        (directory / file).write_bytes(content[:int(len(content) * share)])
    return spoil


def remove(*files: str) -> Spoil:
    return lambda directory: [(directory / file).unlink() for file in files] and None


def both(*spoils: Spoil) -> Spoil:
    return lambda directory: [spoil(directory) for spoil in spoils] and None


def _replaced(path: Path) -> Path:
    if path.is_file():
        path.unlink()
    return path


def folder(file: str) -> Spoil:
    return lambda directory: _replaced(directory / file).mkdir()


def pipe(file: str) -> Spoil:
    return lambda directory: os.mkfifo(_replaced(directory / file))


def link(file: str, target: str) -> Spoil:
    return lambda directory: _replaced(directory / file).symlink_to(target)


def rename(file: str, name: str) -> Spoil:
    return lambda directory: (directory / file).rename(directory / name) and None


def tensors(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    """Change the weights as numpy has them."""
    def spoil(directory: Path) -> None:
        weights = load_file(directory / WEIGHTS)
        change(weights)
        save_file(weights, directory / WEIGHTS)
    return spoil


def named(weights: dict[str, Any], end: str) -> str:
    """Return the first tensor's name that ends so."""
    return next(name for name in sorted(weights) if name.endswith(end))


def without(end: str) -> Spoil:
    return tensors(lambda weights: weights.pop(named(weights, end)))


def becomes(end: str, change: Callable[[Any], Any]) -> Spoil:
    def changed(weights: dict[str, Any]) -> None:
        name = named(weights, end)
        weights[name] = np.ascontiguousarray(change(weights[name]))
    return tensors(changed)


def adds(name: str, value: Any) -> Spoil:
    return tensors(lambda weights: weights.update({name: value}))


def holding(number: float, dtype: Any = np.float32) -> Callable[[Any], Any]:
    """Return a change that puts one number into a tensor."""
    def change(tensor: Any) -> Any:
        changed = tensor.astype(dtype)
        changed.reshape(-1)[len(changed.reshape(-1)) // 2] = number
        return changed
    return change


def levels(weights: dict[str, Any], dtype: Any, *ends: str) -> None:
    """Make matrices of a kind of number that is none, as quantisers leave them."""
    for name in list(weights):
        if name.endswith(('_proj.weight', *ends)):
            weights[name] = weights[name].astype(np.float32).astype(dtype)


def index(change: Callable[[dict[str, str]], Any] = lambda shards: None) -> Spoil:
    """Split the weights into two shards with an index, then change its map."""
    def spoil(directory: Path) -> None:
        weights = load_file(directory / WEIGHTS)
        (directory / WEIGHTS).unlink()
        names = sorted(weights)
        shards = {}
        for number in (1, 2):
            file = f'model-0000{number}-of-00002.safetensors'
            save_file({name: weights[name] for name in names[number - 1::2]}, directory / file)
            shards.update(dict.fromkeys(names[number - 1::2], file))
        change(shards)
        (directory / INDEX).write_text(json.dumps({'weight_map': shards}))
    return spoil


def tokenizer(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    def spoil(directory: Path) -> None:
        whole = json.loads((directory / 'tokenizer.json').read_text())
        change(whole)
        (directory / 'tokenizer.json').write_text(json.dumps(whole))
    return spoil


def header(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    """Change the header of the safetensors file, and leave its data."""
    def spoil(directory: Path) -> None:
        content = (directory / WEIGHTS).read_bytes()
        size, = struct.unpack('<Q', content[:8])
        whole = json.loads(content[8:8 + size])
        change(whole)
        text = json.dumps(whole).encode()
        (directory / WEIGHTS).write_bytes(
            struct.pack('<Q', len(text)) + text + content[8 + size:])
    return spoil


def first(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of a header's first tensor."""
    entry: dict[str, Any] = whole[next(name for name in whole if name != '__metadata__')]
    return entry


# The table


def rows() -> Iterator[Row]:
    """Yield every row."""
    yield from _files()
    yield from _configurations()
    yield from _quantised()
    yield from _weights()
    yield from _tokenizers()
    yield from _own_files()
    yield from _families()


def _files() -> Iterator[Row]:
    """Yield files that are cut, empty, something else, or no files."""
    deep = b'[' * 100_000
    for file in ('config.json', 'streamo.json', 'tokenizer.json', 'preprocessor_config.json',
                 'processor_config.json', INDEX):
        end = file.replace('.', r'\.')
        for name, content in (
                ('empty', b''), ('cut', b'{"a": [1, 2'), ('list', b'[]'), ('null', b'null'),
                ('deep', b'{"a": ' + deep), ('not UTF-8', b'{"a": "\xff\xfe"}'),
                ('BOM', b'\xef\xbb\xbf{}'), ('zeros', bytes(4096)),
                ('page', b'<!DOCTYPE html><html>Not found</html>')):
            yield Row(f'{file} {name}', put(file, content), end)
        yield Row(f'{file} folder', folder(file), f'{end} is no regular file')
        yield Row(f'{file} pipe', pipe(file), f'{end} is neither a file nor a directory')
        yield Row(f'{file} broken link', link(file, 'nowhere'), f'{end} is missing')
        yield Row(f'{file} link loop', link(file, file), f'{end} is a link that leads out')
    yield Row('no config.json', remove('config.json'), r'config\.json is missing')
    yield Row('no tokenizer.json', remove('tokenizer.json'), 'needs its tokenizer.json')
    for name, spoil, gist in (
            ('missing', remove('system_prompt.txt'), 'put the system prompt'),
            ('empty', put('system_prompt.txt', b''), 'holds no text'),
            ('blank', put('system_prompt.txt', b' \n\n'), 'holds no text'),
            ('zeros', put('system_prompt.txt', bytes(512)), 'holds no text'),
            ('not UTF-8', put('system_prompt.txt', b'\xff\xfeW\0'), 'no text in UTF-8'),
            ('huge', put('system_prompt.txt', b'word ' * 100_000), 'more than 65536'),
            ('folder', folder('system_prompt.txt'), 'no regular file'),
            ('pipe', pipe('system_prompt.txt'), 'neither a file nor a directory'),
            ('broken link', link('system_prompt.txt', 'nowhere'), 'is missing')):
        yield Row(f'prompt {name}', spoil, gist)


def _configurations() -> Iterator[Row]:
    """Yield configurations with impossible fields."""
    def config(gist: str, **fields: Any) -> Row:
        name = ', '.join(f'{key} {str(value)[:30]}' for key, value in fields.items())
        return Row(f'config: {name}', edit('config.json', **fields), gist)

    text = ('hidden_size', 'intermediate_size', 'num_attention_heads', 'num_hidden_layers',
            'num_key_value_heads', 'vocab_size')
    for field in text:
        for value in (0, -2, HUGE, '4', 2.5, True, [4]):
            yield config(f'{field} is', **{f'text_config__{field}': value})
        # What the files do not hold
        yield config('alls? for|no tensor|multiple|heads',
                     **{f'text_config__{field}': 3})
    for field in ('hidden_size', 'num_attention_heads', 'num_hidden_layers', 'vocab_size'):
        yield config(f'{field} is None', **{f'text_config__{field}': None})
        yield config('calls for|no tensor|out_hidden_size|numbers do not come|three parts',
                     **{f'text_config__{field}': ...})
    vision = ('depth', 'hidden_size', 'num_heads', 'intermediate_size', 'patch_size',
              'spatial_merge_size', 'temporal_patch_size')
    for field in vision:
        for value in (0, -1, HUGE, None, 'two', 2.5):
            yield config(f'{field} is', **{f'vision_config__{field}': value})
    for field, value in (
            ('window_size', 0), ('window_size', 1), ('in_channels', 4), ('in_channels', 0),
            ('out_hidden_size', 7), ('fullatt_block_indexes', 3), ('fullatt_block_indexes', ['a']),
            ('fullatt_block_indexes', None), ('hidden_act', 'relu'), ('hidden_act', None)):
        yield config(f'{field} is', **{f'vision_config__{field}': value})
    for field, value in (
            ('rms_norm_eps', 0), ('rms_norm_eps', -1e-6), ('rms_norm_eps', float('nan')),
            ('rms_norm_eps', float('inf')), ('rms_norm_eps', '1e-6'), ('rms_norm_eps', None),
            ('hidden_act', 'gelu'), ('use_sliding_window', True),
            ('layer_types', ['sliding_attention'] * 4), ('head_dim', 7), ('head_dim', 'x'),
            ('partial_rotary_factor', 0.5), ('mlp_bias', True), ('model_type', 'llama'),
            ('model_type', None), ('model_type', ['qwen2']), ('tie_word_embeddings', 'yes')):
        yield config(f'{field} is', **{f'text_config__{field}': value})
    rope = {'rope_type': 'default', 'rope_theta': 100.0, 'mrope_section': [8, 12, 12]}
    for field, value in (
            ('rope_theta', 0), ('rope_theta', -1), ('rope_theta', float('inf')),
            ('rope_theta', float('nan')), ('rope_theta', 'high'), ('rope_theta', None),
            ('rope_type', 'yarn'), ('rope_type', 'linear'), ('rope_type', 'longrope'),
            ('rope_type', None), ('mrope_section', [8, 12]), ('mrope_section', [8, 12, 13]),
            ('mrope_section', [-8, 20, 20]), ('mrope_section', 'abc'), ('mrope_section', None),
            ('mrope_section', [8.0, 12.0, 12.0])):
        yield Row(f'config: {field} {value}', edit(
            'config.json', text_config__rope_parameters={**rope, field: value}), f'{field} is')
    yield config('rope_parameters is', text_config__rope_parameters=[1])
    yield config('rope_scaling is', text_config__rope_scaling='yarn')
    yield config('type is', text_config__rope_scaling={'type': 'yarn', 'factor': 4.0})
    yield config('text_config is', text_config=[])
    yield config('text_config is', text_config='qwen')
    yield config('out_hidden_size', text_config=None)
    yield config('vision_config is', vision_config=[1, 2])
    yield config('hidden_size|calls for', vision_config=None)
    for value in (None, [], {}, 7, 'llama', 'qwen2_vl', 'qwen3_vl_moe', 'x' * 10_000):
        yield config('says model_type', model_type=value)
    yield config('tie_word_embeddings is', tie_word_embeddings='true')
    yield config('tie_word_embeddings is', tie_word_embeddings=None)
    yield config('lm_head', tie_word_embeddings=False)
    yield Row('config: a number of many digits', put(
        'config.json', b'{"model_type": ' + b'9' * 5000 + b'}'), 'not valid JSON')


def _quantised() -> Iterator[Row]:
    """Yield weights that are no floats."""
    for method, more in (
            ('bitsandbytes', {'load_in_8bit': True}), ('awq', {'bits': 4}), ('gptq', {'bits': 4}),
            ('fp8', {'weight_block_size': [128, 128]}), ('compressed-tensors', {'format': 'x'})):
        yield Row(f'quantised: says {method}', edit(
            'config.json', quantization_config={'quant_method': method, **more}), method)
    yield Row('quantised: says so inside', edit(
        'config.json', text_config__quantization_config={'quant_method': 'awq'}), 'awq')
    yield Row('quantised: says so otherwise', edit(
        'config.json', compression_config={'quant_method': 'compressed-tensors'}), 'compressed')
    for file in ('quantize_config.json', 'quant_config.json', 'hf_quant_config.json'):
        yield Row(f'quantised: {file}', edit(file, bits=4, quant_method='gptq'), 'gptq')
    for dtype, word in (
            (np.int8, 'INT8'), (np.uint8, 'UINT8'), (ml_dtypes.float8_e4m3fn, 'FP8'),
            (ml_dtypes.float8_e5m2, 'FP8')):
        yield Row(f'quantised: projections {np.dtype(dtype)}', tensors(
            lambda weights, dtype=dtype: levels(weights, dtype)), f'quantised.*{word}')
    for dtype in (np.int32, np.int64, np.int16, np.uint16, np.bool_):
        yield Row(f'quantised: one {np.dtype(dtype)}', becomes(
            'up_proj.weight', lambda tensor, dtype=dtype: tensor.astype(dtype)),
            'weights are F16')
    yield Row('quantised: a table of INT8', becomes(
        'embed_tokens.weight', lambda tensor: (tensor * 100).astype(np.int8)), 'INT8')
    base = 'model.layers.0.mlp.up_proj'
    for end, writer in (
            ('qweight', 'AWQ or GPTQ'), ('qzeros', 'AWQ or GPTQ'), ('g_idx', 'GPTQ'),
            ('weight_packed', 'compressed'), ('weight_scale', 'compressed'),
            ('weight_scale_inv', 'FP8'), ('weight.absmax', 'bitsandbytes'),
            ('weight.quant_state.bitsandbytes__nf4', 'bitsandbytes|not call for'),
            ('SCB', 'bitsandbytes')):
        yield Row(f'quantised: holds {end}', adds(
            f'{base}.{end}', np.ones(4, np.float32)), writer)
    yield Row('quantised: GGUF beside', both(
        remove(WEIGHTS), put('model-Q4_K_M.gguf', b'GGUF\3\0\0\0')), 'GGUF')
    yield Row('quantised: GGUF under another name', put(WEIGHTS, b'GGUF\3\0\0\0' + bytes(64)),
              'GGUF')


def _weights() -> Iterator[Row]:
    """Yield weights that are cut, missing, of other shapes or no numbers."""
    yield Row('weights: none', remove(WEIGHTS), r'no \*\.safetensors')
    yield Row('weights: pickled', rename(WEIGHTS, 'pytorch_model.bin'), 'pickled')
    yield Row('weights: under another name', rename(WEIGHTS, 'adapter_model.safetensors'),
              'neither model.safetensors')
    for share in (0.001, 0.5, 0.999):
        yield Row(f'weights: cut at {share}', cut(WEIGHTS, share), 'cut short')
    for name, content in (
            ('empty', b''), ('zeros', bytes(1000)), ('ones', b'\xff' * 1000),
            ('page', b'<!DOCTYPE html>' + bytes(100)),
            ('pointer', b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
            ('a header of 2^60 bytes', struct.pack('<Q', 1 << 60) + b'{}'),
            ('deep', struct.pack('<Q', 90_000) + b'[' * 90_000)):
        yield Row(f'weights: {name}', put(WEIGHTS, content), 'safetensors|Git LFS')
    yield Row('weights: folder', folder(WEIGHTS), r'no regular file|neither model|is missing')
    yield Row('weights: pipe', pipe(WEIGHTS), 'neither a file nor a directory')
    yield Row('weights: broken link', link(WEIGHTS, 'nowhere'), 'missing|neither')
    yield Row('weights: more behind', lambda directory: (directory / WEIGHTS).open('ab').write(
        b'more') and None, 'cannot be read as safetensors')
    yield Row('weights: header of another type', header(
        lambda whole: first(whole).update(dtype='F128')), 'cannot be read as safetensors')
    yield Row('weights: header of other offsets', header(
        lambda whole: first(whole).update(data_offsets=[0, 1 << 40])),
        'cannot be read as safetensors')
    yield Row('weights: header of a negative shape', header(
        lambda whole: first(whole).update(shape=[-1])), 'cannot be read as safetensors')
    for end in ('embed_tokens.weight', 'model.norm.weight', 'layers.0.input_layernorm.weight',
                'layers.3.mlp.down_proj.weight', 'layers.1.self_attn.q_proj.bias',
                'visual.patch_embed.proj.weight', 'visual.blocks.3.attn.qkv.weight',
                'visual.merger.ln_q.weight', 'visual.merger.mlp.2.bias'):
        yield Row(f'weights: without {end}', without(end), 'has no tensor')
    for end, how, change in (
            ('embed_tokens.weight', 'shorter', lambda tensor: tensor[:-1]),
            ('embed_tokens.weight', 'longer', lambda tensor: np.concatenate([tensor, tensor])),
            ('layers.0.self_attn.q_proj.weight', 'narrower', lambda tensor: tensor[:, :-1]),
            ('layers.0.self_attn.k_proj.bias', 'as a row', lambda tensor: tensor[None]),
            ('layers.0.mlp.up_proj.weight', 'transposed', lambda tensor: tensor.T),
            ('model.norm.weight', 'of one', lambda tensor: tensor[:1]),
            ('model.norm.weight', 'of none', lambda tensor: tensor[:0]),
            ('model.norm.weight', 'as a number', lambda tensor: tensor[0]),
            ('visual.patch_embed.proj.weight', 'of stills', lambda tensor: tensor[:, :, :1]),
            ('visual.merger.mlp.0.weight', 'flat', lambda tensor: tensor.reshape(-1))):
        yield Row(f'weights: {end} {how}', becomes(end, change), 'calls for')
    for end in ('embed_tokens.weight', 'layers.2.mlp.gate_proj.weight',
                'visual.blocks.0.attn.proj.weight', 'visual.merger.mlp.2.bias'):
        for number in (float('nan'), float('inf'), -float('inf')):
            yield Row(f'weights: {number} in {end}', becomes(end, holding(number)), 'not finite')
    for dtype in (np.float16, ml_dtypes.bfloat16, np.float64):
        yield Row(f'weights: NaN of {np.dtype(dtype)}', becomes(
            'layers.0.mlp.down_proj.weight', holding(float('nan'), dtype)), 'not finite')
    yield Row('weights: too large for float32', becomes(
        'layers.0.mlp.down_proj.weight', holding(1e300, np.float64)), 'not finite')
    yield Row('weights: all NaN', tensors(lambda weights: weights.update({
        name: np.full_like(tensor, np.nan) for name, tensor in weights.items()})), 'not finite')
    for name in ('model.layers.0.self_attn.o_proj.bias', 'model.layers.4.mlp.up_proj.weight',
                 'model.layers.0.self_attn.q_norm.weight', 'visual.blocks.4.norm1.weight',
                 'lm_head.bias', 'model.layers.0.self_attn.q_proj.lora_A.weight'):
        yield Row(f'weights: {name} too', adds(name, np.ones(8, np.float32)), 'not call for')
    yield Row('weights: one twice', tensors(lambda weights: weights.update({
        'model.language_model.norm.weight': weights['model.norm.weight']})), 'twice')
    yield Row('weights: a head of another shape', adds(
        'lm_head.weight', np.ones((8, 256), np.float32)), 'calls for')
    yield Row('weights: an adapter alone', tensors(lambda weights: [
        weights.pop(name) for name in list(weights)] and weights.update({
            'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight':
                np.ones((4, 256), np.float32)})), 'has no tensor')
    yield Row('shards: one missing', both(
        index(), remove('model-00002-of-00002.safetensors')), 'copy all files')
    yield Row('shards: one cut', both(
        index(), cut('model-00002-of-00002.safetensors', 0.7)), 'cut short')
    yield Row('shards: no index', both(index(), remove(INDEX)), 'neither model.safetensors')
    yield Row('shards: a stranger in the index', index(
        lambda shards: shards.update({'model.nowhere': 'model-00003-of-00003.safetensors'})),
        'copy all files')
    yield Row('shards: a tensor that no shard holds', index(
        lambda shards: shards.update({'lm_head.weight': 'model-00001-of-00002.safetensors'})),
        'and it does not')
    yield Row('shards: a tensor in the other shard', index(lambda shards: shards.update({
        min(shards): 'model-00002-of-00002.safetensors'})), 'and it does not')
    yield Row('shards: an empty map', both(index(), put(INDEX, b'{"weight_map": {}}')),
              'no weight_map')
    yield Row('shards: a map that is a list', both(index(), put(INDEX, b'{"weight_map": []}')),
              'no weight_map')
    yield Row('shards: names that are none', index(
        lambda shards: shards.update({min(shards): 7})), 'no weight_map')
    yield Row('shards: a name that is no text', index(
        lambda shards: shards.update({min(shards): '\ud800.safetensors'})), 'names|missing')
    yield Row('shards: a name with a zero', index(
        lambda shards: shards.update({min(shards): 'a\0.safetensors'})), 'names')
    yield Row('shards: a name that leads out', index(
        lambda shards: shards.update({min(shards): '../other.safetensors'})), 'names')
    yield Row('shards: an index beside the whole', edit(
        INDEX, weight_map={'model.norm.weight': 'model-00001-of-00002.safetensors'}),
        'both model.safetensors and')


def _tokenizers() -> Iterator[Row]:
    """Yield tokenizers that are cut, too new, too long or of another model."""
    yield Row('tokenizer: cut', cut('tokenizer.json', 0.5), 'cut short')
    yield Row('tokenizer: newer', tokenizer(
        lambda whole: whole['model'].update(type='BPE2')), 'newer format')
    yield Row('tokenizer: newer decoder', tokenizer(
        lambda whole: whole.update(decoder={'type': 'Later'})), 'newer format')
    yield Row('tokenizer: newer version', tokenizer(
        lambda whole: whole.update(version='9.0')), 'newer format')
    yield Row('tokenizer: null model', tokenizer(
        lambda whole: whole.update(model=None)), 'cannot be read')
    yield Row('tokenizer: no merges', tokenizer(
        lambda whole: whole['model'].pop('merges')), 'cannot be read')
    yield Row('tokenizer: merges of nowhere', tokenizer(
        lambda whole: whole['model']['merges'].append(['@@', '##'])), 'cannot be read')
    for name, tokens in (
            ('one state', ['</Standby>']), ('all states', [
                '</Silence>', '</Standby>', '</Response>'])):
        def forget(whole: dict[str, Any], tokens: list[str] = tokens) -> None:
            whole['added_tokens'] = [
                token for token in whole['added_tokens'] if token['content'] not in tokens]
            for token in tokens:
                whole['model']['vocab'].pop(token, None)
        yield Row(f'tokenizer: without {name}', tokenizer(forget), 'not trained for')
    yield Row('tokenizer: without a frame', tokenizer(lambda whole: [
        whole['model']['vocab'].pop('<|image_pad|>', None), whole.update(added_tokens=[
            token for token in whole['added_tokens']
            if token['content'] != '<|image_pad|>'])]), 'does not know <|image_pad|>'.replace(
                '|', r'\|'))
    yield Row('tokenizer: none added', tokenizer(
        lambda whole: whole.update(added_tokens=[])), 'added_tokens|does not know')
    yield Row('tokenizer: beyond the table', tokenizer(lambda whole: whole['added_tokens'].append(
        {**whole['added_tokens'][0], 'id': 5000, 'content': '<more>'})), 'embedding table')
    yield Row('tokenizer: far beyond the table', tokenizer(
        lambda whole: whole['model']['vocab'].update({'far': 2 ** 32 - 1})), 'embedding table')
    yield Row('tokenizer: a negative number', tokenizer(
        lambda whole: whole['model']['vocab'].update({'less': -1})), 'cannot be read')


def _own_files() -> Iterator[Row]:
    """Yield what this package and the image processor wrote, spoilt."""
    for field, values in {
            'window_turns': (0, -8, '8', None, 10 ** 12, True, 8.5, [8]),
            'response_threshold': (
                -0.1, 1.5, float('nan'), float('inf'), 'high', None, True, [0.5]),
            'zero_shot': ('yes', None, 1),
            'frame': ([], 'large', 7),
            'frame__size': (
                7, [112], [112, 112, 3], ['a', 'b'], [0, 0], [-112, 112], [HUGE, HUGE],
                [112.5, 112], [True, True], None),
            'frame__pair': ('yes', None, 1)}.items():
        for value in values:
            yield Row(f'streamo.json: {field} {value}', edit('streamo.json', **{field: value}),
                      f'{field.split("__")[-1]} is')
    for field, values in {
            'image_mean': (None, [0.5], [0.5, 0.5, 'x'], 'mean', [float('nan')] * 3, 0.5),
            'image_std': (None, [0, 0, 0], [-1, 1, 1], [float('inf')] * 3),
            'resample': (None, 9, -1, 'bicubic', 2.5),
            'do_normalize': (False,), 'do_rescale': (False,),
            'rescale_factor': (None, 1.0, 0, 'x', float('nan')),
            'patch_size': (16,), 'merge_size': (3, None), 'temporal_patch_size': (1,)}.items():
        for value in values:
            yield Row(f'processor: {field} {value}',
                      edit('preprocessor_config.json', **{field: value}), f'{field} is')
    yield Row('processor: an image processor that is a list', edit(
        'processor_config.json', image_processor=[]), 'image_processor is')
    yield Row('processor: a mean of nulls, as transformers 5 writes it', edit(
        'processor_config.json', image_processor={'image_mean': [None] * 3}), 'image_mean is')


def _families() -> Iterator[Row]:
    """Yield what the other families can have wrong."""
    for family in ('qwen3_vl', 'internvl'):
        yield Row(f'{family}: no head', without('lm_head.weight'), 'no tensor lm_head', family)
    yield Row('internvl: no head, as text_config says', both(
        without('lm_head.weight'), edit(
            'config.json', tie_word_embeddings=..., text_config__tie_word_embeddings=False)),
        'no tensor lm_head', 'internvl')
    yield Row('smolvlm: no head, by the class default', edit(
        'config.json', tie_word_embeddings=...), 'no tensor lm_head', 'smolvlm')
    yield Row('smolvlm: no head, whatever text_config says', edit(
        'config.json', tie_word_embeddings=False, text_config__tie_word_embeddings=True),
        'no tensor lm_head', 'smolvlm')
    yield Row('qwen3_vl: no head, whatever text_config says', both(
        without('lm_head.weight'), edit(
            'config.json', tie_word_embeddings=False, text_config__tie_word_embeddings=True)),
        'no tensor lm_head', 'qwen3_vl')
    for end in ('pos_embed.weight', 'deepstack_merger_list.2.norm.bias', 'q_norm.weight'):
        yield Row(f'qwen3_vl: without {end}', without(end), 'has no tensor', 'qwen3_vl')
    for field, value in (
            ('vision_config__num_position_embeddings', 50),
            ('vision_config__deepstack_visual_indexes', [2, 1]),
            ('vision_config__deepstack_visual_indexes', [-1]),
            ('vision_config__deepstack_visual_indexes', None),
            ('text_config__attention_bias', True), ('text_config__head_dim', 31),
            ('text_config__model_type', 'qwen3_vl_moe_text')):
        yield Row(f'qwen3_vl: {field} {value}', edit('config.json', **{field: value}),
                  f'{field.split("__")[-1]} is', 'qwen3_vl')
    yield Row('qwen3_vl: another number of mergers', edit(
        'config.json', vision_config__deepstack_visual_indexes=[0, 1, 2, 3]), 'no tensor',
        'qwen3_vl')
    for field, value in (
            ('vision_config__image_size', [112, 56]), ('vision_config__image_size', 0),
            ('vision_config__image_size', HUGE), ('vision_config__patch_size', [14]),
            ('vision_config__norm_type', 'rms_norm'), ('vision_config__use_qk_norm', True),
            ('vision_config__attention_bias', 'yes'), ('vision_config__layer_norm_eps', 0),
            ('vision_config__num_attention_heads', 5), ('downsample_ratio', 0),
            ('downsample_ratio', 0.3), ('downsample_ratio', None), ('vision_feature_layer', -2),
            ('projector_hidden_act', 'relu')):
        yield Row(f'internvl: {field} {value}', edit('config.json', **{field: value}),
                  f'{field.split("__")[-1]} is|calls for', 'internvl')
    yield Row('internvl: biases that config.json does not call for', edit(
        'config.json', vision_config__attention_bias=False), 'not call for', 'internvl')
    for field, value in (
            ('scale_factor', 0), ('scale_factor', 3), ('scale_factor', 'four'),
            ('vision_config__image_size', 1), ('vision_config__num_attention_heads', None),
            ('text_config__attention_bias', True), ('text_config__num_key_value_heads', 3),
            ('text_config__rope_parameters', {'rope_type': 'llama3', 'factor': 8.0})):
        yield Row(f'smolvlm: {field} {value}', edit('config.json', **{field: value}),
                  r'is |calls for', 'smolvlm')
    yield Row('smolvlm: a pair for one picture', edit('streamo.json', frame__pair=True),
              'pair is True', 'smolvlm')
    for field, value in (
            ('vision_config__trunk', 'resnet'), ('vision_config__image_size', 100),
            ('vision_config__patch_size', 15)):
        yield Row(f'streamo_small: {field} {value}', edit('config.json', **{field: value}),
                  r'is |calls for', 'streamo_small')
    yield Row('streamo_small: no trunk', without('trunk.stem.weight'), 'has no tensor',
              'streamo_small')
