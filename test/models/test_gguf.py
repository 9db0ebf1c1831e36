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

"""GGUF files are read to the last number, and what is no such file says so."""

import struct

import numpy as np
import pytest
from tiny_small import gguf_file

from streamo_ros.models import CheckpointError
from streamo_ros.models.gguf import read_gguf

VALUES = np.random.default_rng(0).normal(0, 1, (3, 64)).astype(np.float32)
FIELDS = {'name': 'tiny', 'size': 7, 'share': 0.5, 'words': ['a', 'bé'], 'numbers': [1, 2]}


def test_fields_come_as_they_were_written():
    assert read_gguf(gguf_file(FIELDS, {}), 'file').fields == FIELDS


@pytest.mark.parametrize('kind, near', [(0, 0), (8, 0.02), (3, 0.2)])
def test_tensors_come_as_near_as_they_are_stored(kind, near):
    found = read_gguf(gguf_file({}, {
        'first': (VALUES[0, :32], 0), 'second': (VALUES, kind)}), 'file').tensors
    np.testing.assert_array_equal(found['first'], VALUES[0, :32])
    np.testing.assert_allclose(found['second'], VALUES, rtol=0, atol=near)


def test_quantised_numbers_are_exact():
    # One block by hand: scale 2, least -3; the low halves come first.
    levels = np.arange(32, dtype=np.float32) % 16
    found = read_gguf(gguf_file({}, {'x': (2 * levels - 3, 3)}), 'file').tensors['x']
    np.testing.assert_array_equal(found, 2 * levels - 3)


@pytest.mark.parametrize('content, words', [
    (b'PK\3\4' + bytes(40), 'begin with GGUF'),
    (gguf_file(FIELDS, {'x': (VALUES, 3)})[:-1], 'cut short'),
    (gguf_file(FIELDS, {})[:30], 'cut short'),
    (b'GGUF\2\0\0\0' + bytes(16), 'version 2'),
    (b'', 'cut short'),
])
def test_what_cannot_be_read_is_an_error_that_says_why(content, words):
    with pytest.raises(CheckpointError, match=words):
        read_gguf(content, 'file')


def test_another_way_to_store_numbers_is_refused():
    content = bytearray(gguf_file({}, {'x': (VALUES, 0)}))
    kind = content.index(b'x') + 1 + 4 + 16
    content[kind] = 12
    with pytest.raises(CheckpointError, match='unknown way 12'):
        read_gguf(bytes(content), 'file')


def fields_of(alignment):
    """Return a file whose one tensor is aligned so."""
    return gguf_file({'general.alignment': alignment}, {'x': (VALUES, 0)})


@pytest.mark.parametrize('content', [
    fields_of(0), fields_of('wide'), fields_of([32]),
    # An array of arrays of arrays ..., each of one
    b'GGUF' + struct.pack('<IQQ', 3, 0, 1) + struct.pack('<Q', 1) + b'a' + struct.pack('<I', 9)
    + struct.pack('<IQ', 9, 1) * 100_000,
    # A tensor of more numbers than a machine has
    b'GGUF' + struct.pack('<IQQ', 3, 1, 0) + struct.pack('<Q', 1) + b'x'
    + struct.pack('<IQQQIQ', 3, 1 << 63, 1 << 63, 1 << 63, 0, 0) + bytes(64),
], ids=['aligned to nothing', 'aligned to a word', 'aligned to a list', 'deep', 'large'])
def test_impossible_files_are_refused(content):
    with pytest.raises(CheckpointError, match='cannot be read as GGUF'):
        read_gguf(content, 'file')


def test_whatever_bytes_change_it_is_read_or_refused():
    hypothesis = pytest.importorskip('hypothesis')
    sound = gguf_file({**FIELDS, 'general.alignment': 32}, {
        'first': (VALUES[0, :32], 0), 'second': (VALUES, 8)})

    @hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
    @hypothesis.given(
        hypothesis.strategies.integers(0, len(sound)), hypothesis.strategies.integers(0, 16),
        hypothesis.strategies.binary(max_size=16))
    def changed(at, gone, put):
        try:
            read_gguf(sound[:at] + put + sound[at + gone:], 'file')
        except CheckpointError as error:
            assert 'cannot be read as GGUF' in str(error)

    changed()
