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

"""A manifest refuses whatever the engines no longer fit, and says what would."""

from dataclasses import replace
import json
import re
import shlex

import pytest

from streamo_ros.cli.main import parse
from streamo_ros.engine.backends.tensorrt.engine_shapes import EngineShapes
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.manifest import MANIFEST
from streamo_ros.engine.backends.tensorrt.manifest import Manifest
from streamo_ros.engine.backends.tensorrt.manifest import read_manifest
from streamo_ros.engine.backends.tensorrt.manifest import weights_digest
from streamo_ros.models import CheckpointError

SHAPES = EngineShapes(
    frame=(224, 420), grid=(8, 15), window_turns=60, fps=2.0, max_batch=8, sink_rows=314,
    ring_rows=62 * 144, chunk=144)
HERE = {'version': '10.3.0', 'device': 'Orin', 'capability': (8, 7)}


@pytest.fixture
def directory(tmp_path):
    (tmp_path / 'model.safetensors').write_bytes(b'weights')
    return tmp_path


@pytest.fixture
def manifest(directory):
    return Manifest(
        flavour='tensorrt', precision='float16', in_place=False, shapes=SHAPES,
        weights=weights_digest(directory), seconds={'step': 1.5}, sizes={'step': 7}, **HERE)


def test_what_is_written_is_read_back(manifest, directory):
    manifest.write(directory)
    assert read_manifest(directory) == manifest


def test_the_files_fields_keep_their_names(manifest, directory):
    manifest.write(directory)
    written = json.loads((directory / MANIFEST).read_text())
    assert set(written) == {
        'flavour', 'version', 'device', 'capability', 'precision', 'in_place', 'shapes', 'weights',
        'seconds', 'sizes'}
    assert written['shapes'] == {
        'frame': [224, 420], 'grid': [8, 15], 'window_turns': 60, 'fps': 2.0, 'places': 8,
        'sink_rows': 314, 'ring_rows': 62 * 144, 'chunk': 144}


def test_engines_that_fit_are_taken(manifest, directory):
    manifest.check(directory, **HERE)
    manifest.check_cache(directory, 8, 314, 62 * 144)
    manifest.check_grid(directory, (8, 15))


@pytest.mark.parametrize('here, difference', [
    ({'version': '11.4.1'}, 'were built with TensorRT 10.3.0, and this is 11.4.1'),
    ({'device': 'Thor'}, 'were built for Orin of compute capability 8.7, and this is Thor of 8.7'),
    ({'capability': (11, 0)}, 'for Orin of compute capability 8.7, and this is Orin of 11.0')])
def test_another_place_to_run_is_refused(manifest, directory, here, difference):
    with pytest.raises(TensorRtError, match=difference):
        manifest.check(directory, **{**HERE, **here})


@pytest.mark.parametrize('change', [
    lambda path: path.write_bytes(b'Weights'), lambda path: path.unlink(),
    lambda path: path.rename(path.with_name('other.safetensors')),
    lambda path: path.with_name('more.safetensors').touch()])
def test_other_weights_are_refused(manifest, directory, change):
    change(directory / 'model.safetensors')
    with pytest.raises(TensorRtError, match='from other weights than its safetensors'):
        manifest.check(directory, **HERE)


def test_engines_for_a_capability_run_on_any_gpu_of_it(manifest, directory):
    any_gpu = replace(manifest, device='')
    any_gpu.check(directory, **HERE)
    with pytest.raises(TensorRtError, match='built for a GPU of compute capability 8.7'):
        any_gpu.check(directory, **{**HERE, 'capability': (8, 6)})


@pytest.mark.parametrize('cache, difference, window', [
    ((8, 314, 18 * 144), 'a window of 60 turns of 144 rows, and 2592 rows are asked for:', 16),
    ((4, 314, 62 * 144), 'hold 8 instructions of 314 rows, and 4 of 314 are asked for', 60),
    ((8, 300, 62 * 144), 'hold 8 instructions of 314 rows, and 8 of 300 are asked for', 60)])
def test_another_cache_is_refused_with_the_window_to_build_for(
    manifest, directory, cache, difference, window
):
    with pytest.raises(TensorRtError, match=f'{difference}.*--window {window} '):
        manifest.check_cache(directory, *cache)


@pytest.mark.parametrize('rows', [62 * 150, 62 * 144 + 1, 2 * 144])
def test_rows_that_are_no_window_of_such_turns_are_laid_to_the_frames_or_ticks(
    manifest, directory, rows
):
    with pytest.raises(TensorRtError, match=(
            'another size or ticks at another rate: .*--camera WIDTHxHEIGHT --fps FPS`')):
        manifest.check_cache(directory, 8, 314, rows)


def test_frames_of_another_size_are_refused_with_the_size_to_build_for(manifest, directory):
    with pytest.raises(TensorRtError, match='420x224 pixels, and these are of 364x252: .*--camera '
                                            '364x252 --fps 2`'):
        manifest.check_grid(directory, (9, 13))


def test_an_error_is_one_sentence_with_the_command_that_rebuilds(manifest, directory):
    with pytest.raises(CheckpointError) as told:
        manifest.check(directory, **{**HERE, 'version': '11.0'})
    command = (f'streamo export {directory} --to tensorrt --out {directory}-new '
               '--precision float16 --window 60 --camera 420x224 --fps 2')
    assert str(told.value).endswith(f': build them here with `{command}`')
    assert '\n' not in str(told.value)
    options = parse(shlex.split(command)[1:])
    assert (options.to, options.camera, options.fps) == ('tensorrt', (224, 420), 2)
    assert (options.window, options.precision) == (60, 'float16')


def test_no_other_module_is_imported_for_tensorrt(manifest, directory):
    replace(manifest, flavour='antigravity').write(directory)
    with pytest.raises(TensorRtError, match="no TensorRT is called 'antigravity'"):
        read_manifest(directory)


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"shapes": {}, "capability": [8]}', 'null',
                                  '[' * 100_000])
def test_a_manifest_that_cannot_be_read_is_refused(directory, text):
    (directory / 'manifest.json').write_text(text)
    with pytest.raises(TensorRtError, match='manifest.json cannot be read'):
        read_manifest(directory)


def test_a_directory_without_engines_is_refused(directory):
    with pytest.raises(TensorRtError, match=f'{re.escape(str(directory))} holds no TensorRT'):
        read_manifest(directory)
