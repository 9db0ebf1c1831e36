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

"""What is ONNX Runtime's own about the default backend."""

import threading
import time

import numpy as np
from onnx import helper
from onnx import TensorProto
import pytest

from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends import onnxruntime as onnxruntime_backend
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.backends.silent_onnxruntime import ort
from streamo_ros.models import load_checkpoint

FRAMES = np.random.default_rng(0).integers(0, 256, (6, 112, 112, 3), np.uint8)


def test_an_onnxruntime_that_has_cuda_stays_on_the_processor_and_says_what_a_gpu_takes(
        monkeypatch):
    asked = []
    session = ort.InferenceSession

    def asking(model, options, providers):
        asked.append(providers)
        return session(model, options, providers=['CPUExecutionProvider'])

    monkeypatch.setattr(ort, 'get_available_providers', lambda: [
        'TensorrtExecutionProvider', 'CUDAExecutionProvider', 'CPUExecutionProvider'])
    monkeypatch.setattr(ort, 'InferenceSession', asking)
    with pytest.warns(UserWarning, match='choose the backend torch, or tensorrt'):
        engine = StreamEngine.from_pretrained('nano')
    engine.step(FRAMES[0], 0.0)
    assert asked == [['CPUExecutionProvider']] * 2  # the step and the tower


def test_no_thread_works_on_denormals_in_a_graph_and_the_caller_keeps_its_own():
    backend = OnnxRuntimeBackend(load_checkpoint('nano'))
    # Wide enough for both threads of a product to have a share.
    denormal = np.full((256, 256), 1e-40, np.float32)
    matrix = helper.make_tensor_value_info('x', TensorProto.FLOAT, denormal.shape)
    session = onnxruntime_backend._session(lambda store: helper.make_model(helper.make_graph(
        [helper.make_node('MatMul', ['x', 'x'], ['y'])], 'product', [matrix],
        [helper.make_tensor_value_info('y', TensorProto.FLOAT, denormal.shape)]),
        opset_imports=[helper.make_opsetid('', 18)], ir_version=9))
    large = np.full_like(denormal, 1e30)
    done = []

    def run():
        x = denormal + large * np.eye(256, dtype=np.float32)
        product = backend._run(session, ['y'], {'x': x})
        done.append(product[0])

    other = threading.Thread(target=run)
    other.start()
    other.join()
    off_diagonal = done[0][~np.eye(256, dtype=bool)]
    assert not off_diagonal.any()
    assert (denormal * np.float32(1)).all()


def test_threads_do_not_spin_while_they_wait_for_one_another():
    session = OnnxRuntimeBackend(load_checkpoint('nano'))._step
    options = session.get_session_options()
    assert options.get_session_config_entry('session.intra_op.allow_spinning') == '0'


def test_between_ticks_no_thread_keeps_a_core_busy():
    engine = StreamEngine.from_pretrained('nano')
    engine.watch('Tell me when something starts moving.')
    for stamp, frame in enumerate(FRAMES):
        engine.step(frame, float(stamp))
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.2


def test_a_write_past_the_end_of_the_ring_is_caught():
    checkpoint = load_checkpoint('nano')
    backend = OnnxRuntimeBackend(checkpoint)
    backend.allocate(1, 4, 8)
    decoder = checkpoint.decoder
    rotary = np.zeros((1, 3, decoder.head_dim // 2), np.float32)
    with pytest.raises(AssertionError, match='past the end of the cache'):
        backend.step(0, StepInputs(
            embeds=np.zeros((1, 3, decoder.hidden), np.float32),
            deepstack=np.zeros((0, 1, 3, decoder.hidden), np.float32),
            cos=rotary, sin=rotary, sink_cos=rotary, sink_sin=rotary,
            ring_mask=np.zeros((1, 2, 8), np.bool_), is_new_turn=np.zeros((1, 3), np.bool_),
            sink_chunk_mask=np.ones((1, 3, 3), np.bool_), lengths=np.asarray([3]),
            cache_offsets=np.asarray([6])))
