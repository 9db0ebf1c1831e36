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


import functools
import itertools
import json
import sys

import numpy as np
import pytest

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import EngineProcess
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend

pytest.importorskip('llguidance')

QUESTIONS = ('Tell me who comes in.', 'Tell me when it rains.', 'Count the balls.')
WHO = AnswerFormat(json_schema=json.dumps({
    'type': 'object', 'required': ['who', 'n'], 'properties': {
        'who': {'enum': ['man', 'mandrill', 'woman']},
        'n': {'type': 'integer', 'minimum': 7, 'maximum': 23}}}))
WHOLE = {f'{{"who": "{who}", "n": {n}}}' for who, n in itertools.product(
    ('man', 'mandrill', 'woman'), range(7, 24))}
DOOR = AnswerFormat(('open', 'opening', 'shut "tight"'))
DOORS = {json.dumps(choice) for choice in DOOR.choices}
TALKS = Thresholds(response=1e-9, release=0.0)
LONG = AnswerFormat(json_schema='{"type": "string", "minLength": 60}')


of_one_family = pytest.mark.parametrize('random_model', ['qwen2_5_vl'], indirect=True)


def recording(base):
    """Return a backend that keeps the logits of each token that is chosen."""
    class Recording(base):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.logits = []
            self.on_token = lambda: None

        def compute_logits(self, hidden):
            self.on_token()
            logits = super().compute_logits(hidden)
            self.logits.append(logits[0].copy())
            return logits
    return Recording


def new_backend(kind, checkpoint):
    if kind == 'torch':
        import torch

        from streamo_ros.engine.backends.torch import TorchBackend
        torch.set_num_threads(1)
        return recording(TorchBackend)(checkpoint, 'cpu', torch.float32)
    backend = recording(OnnxRuntimeBackend)(checkpoint)
    backend.static_shapes = kind == 'static'
    return backend


def engine_over(model, kind='onnxruntime', **options):
    checkpoint = model.checkpoint
    backend = new_backend(kind, checkpoint)
    return StreamEngine(checkpoint, backend, thresholds=TALKS, **{
        'max_answer_tokens': 40, 'window_turns': 4, **options}), backend


def simulated(logits, tokenizer, whole, limit):
    """
    Return the token ids of words and data by brute force.

    :param logits: of each token, in order
    :param whole: all data there can be
    """
    spelled = {index: tokenizer.decode([index]) for index in range(tokenizer.vocab_size)}
    # decode() strips, and these are what it strips
    spelled.update((tokenizer.encode(_text(blank))[0], blank) for blank in ' \n')
    words, data = [], []
    while len(words) < limit:
        token = int(logits.pop(0).argmax())
        if token in tokenizer.control_ids:
            break
        words.append(token)
    said = ''
    while said not in whole or any(other != said and other.startswith(said) for other in whole):
        row = logits.pop(0)
        allowed = [
            token for token, text in spelled.items() if text
            and token not in tokenizer.control_ids
            and any(other.startswith(said + text) for other in whole)]
        if said in whole:
            allowed.append(tokenizer.end_id)
        token = max(allowed, key=lambda token: row[token])
        if token == tokenizer.end_id:
            break
        data.append(token)
        said += spelled[token]
    return tokenizer.decode(words), said


def _text(text):
    from streamo_ros.dialogue import Text
    return [Text(text)]


@pytest.mark.parametrize('kind', ['onnxruntime', 'static'])
def test_what_is_decoded_is_the_likeliest_of_what_is_allowed(random_model, kind):
    engine, backend = engine_over(random_model, kind)
    _against_brute_force(engine, backend, random_model)


@of_one_family
def test_it_is_so_under_torch(random_model):
    _against_brute_force(*engine_over(random_model, 'torch'), random_model)


def _against_brute_force(engine, backend, model):
    wholes = {'who': WHOLE, 'door': DOORS}
    for name, format in (('who', WHO), ('door', DOOR)):
        engine.watch(QUESTIONS[0], name, answer=format)
    for stamp, frame in enumerate(model.frames(3)):
        backend.logits.clear()
        decisions = engine.step(frame, float(stamp))
        for decision in decisions:
            words, data = simulated(
                backend.logits, engine.checkpoint.tokenizer, wholes[decision.instruction_id], 40)
            assert (decision.text, decision.data, decision.data_error) == (words, data, '')
        assert not backend.logits


def decided(model, formats, window_turns, count=4):
    engine, _ = engine_over(model, window_turns=window_turns, max_answer_tokens=40)
    for question, format in zip(QUESTIONS, formats, strict=True):
        engine.watch(question, answer=format)
    return [
        [(one.state, one.probabilities, one.text, one.complete, bool(one.data))
         for one in engine.step(frame, float(stamp))]
        for stamp, frame in enumerate(model.frames(count))]


def test_neither_words_nor_states_of_any_instruction_are_others_for_it(random_model):
    plain = decided(random_model, (None, None, None), 60)
    formatted = decided(random_model, (WHO, None, DOOR), 60)
    assert {one[0] for tick in plain for one in tick} == {State.RESPONSE}
    assert [[one[:4] for one in tick] for tick in formatted] == [
        [one[:4] for one in tick] for tick in plain]
    assert all([one[4] for one in tick] == [True, False, True] for tick in formatted)


@of_one_family
def test_with_a_full_window_others_are_unchanged_to_the_bit(random_model):
    plain = decided(random_model, (None, None, None), 1)
    formatted = decided(random_model, (WHO, None, DOOR), 1)
    assert [tick[1] for tick in formatted] == [tick[1] for tick in plain]


@of_one_family
def test_data_that_does_not_come_to_its_end_is_none_and_says_why(random_model):
    engine, backend = engine_over(random_model, max_answer_tokens=12)
    engine.watch(QUESTIONS[0], answer=LONG)
    frames = random_model.frames(2)
    (decision,) = engine.step(frames[0], 0.0)
    assert decision.data == '' and 'not complete after 12 tokens' in decision.data_error
    words = len(backend.logits) - 12

    backend.logits.clear()
    backend.on_token = lambda: len(backend.logits) > words and engine.interrupt()
    (decision,) = engine.step(frames[1], 1.0)
    assert decision.data == '' and 'cut before its data was complete' in decision.data_error


@of_one_family
def test_a_string_without_an_end_gets_one(random_model):
    engine, _ = engine_over(random_model, max_answer_tokens=100, window_turns=16)
    engine.watch(QUESTIONS[0], answer=AnswerFormat(json_schema='{"type": "string"}'))
    (decision,) = engine.step(random_model.frames(1)[0], 0.0)
    assert len(json.loads(decision.data)) <= 80


@of_one_family
@pytest.mark.parametrize('schema, reason', [
    ({'type': 'strin'}, 'Invalid type: strin'),
    ({'type': 'integer', 'minimum': 5, 'maximum': 2}, 'greater than maximum'),
    ({'type': 'string', 'pattern': '(a'}, 'unclosed group'),
    ({'type': 'array', 'items': {'type': 'null'}, 'uniqueItems': True}, 'uniqueItems'),
    ({'$ref': 'https://example.com/schema'}, 'does not fetch'),
    ({'type': 'object', 'required': ['a']}, "'a' is unsatisfiable"),
])
def test_a_schema_that_no_answer_fits_is_refused_with_the_reason(random_model, schema, reason):
    engine, _ = engine_over(random_model)
    with pytest.raises(InstructionError, match=reason):
        engine.watch(QUESTIONS[0], answer=AnswerFormat(json_schema=json.dumps(schema)))
    assert engine.watches == ()


@of_one_family
def test_without_the_library_it_is_refused_with_what_to_install(random_model, monkeypatch):
    monkeypatch.setitem(sys.modules, 'llguidance', None)
    engine, _ = engine_over(random_model)
    engine.watch(QUESTIONS[0])
    with pytest.raises(InstructionError, match='pip install llguidance'):
        engine.watch(QUESTIONS[0], answer=DOOR)


@of_one_family
def test_an_engine_in_a_process_of_its_own_says_and_refuses_the_same(random_model):
    make = functools.partial(
        StreamEngine.from_pretrained, random_model.directory, backend='onnxruntime',
        thresholds=TALKS, max_answer_tokens=40, window_turns=4)
    frame = np.ascontiguousarray(random_model.frames(1)[0])
    here = make()
    here.watch(QUESTIONS[0], 'who', answer=WHO)
    with EngineProcess(make, 60.0) as there:
        there.watch(QUESTIONS[0], 'who', answer=WHO)
        assert there.step(frame, 0.0) == here.step(frame, 0.0)
        with pytest.raises(InstructionError, match='Invalid type'):
            there.watch(QUESTIONS[0], answer=AnswerFormat(json_schema='{"type": "strin"}'))
