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

"""What an engine elsewhere and its caller both know: limits, errors and how decisions travel."""

from typing import Any

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import StampError
from streamo_ros.errors import UserError
from streamo_ros.strict_json import parse_json

LOAD_S = 600.0
"""Deadline for loading a checkpoint: large ones come from slow disks."""

FRAME_BYTES = 2**28
MESSAGE_BYTES = 2**18

REFUSALS = {error.__name__: error for error in (InstructionError, StampError)}
"""Errors of the engine that are answers to a call, by name; any other one is a failure."""


class EngineFailure(RuntimeError):
    """The engine's process is gone, with everything in its window; the message says why."""


def write_decision(decision: Decision) -> list[Any]:
    """Return a decision as JSON takes it; its stamp is known to the caller."""
    return [
        decision.instruction_id, int(decision.state),
        [float(probability) for probability in decision.probabilities],
        decision.text, decision.complete, decision.data, decision.data_error]


def read_decision(stamp: float, fields: list[Any]) -> Decision:
    """
    Return what ``write_decision`` wrote.

    :raises ModelError: for what are no probabilities
    :raises ValueError: or another of Python's own errors, for anything else
    """
    id, state, probabilities, text, complete, data, data_error = fields
    silence, standby, response = map(float, probabilities)
    if data:
        parse_json(data)
    return Decision(
        id, State(state), (silence, standby, response), str(text), bool(complete), stamp,
        str(data), str(data_error))


def write_answer_format(answer: AnswerFormat | None) -> list[Any]:
    """Return the choices and the schema of an instruction's answers, as JSON takes them."""
    return [list(answer.choices), answer.json_schema] if answer else [[], '']


def write_step(engine: Engine, decisions: list[Decision]) -> dict[str, Any]:
    """Return what a step came to, and the engine's figures after it, as JSON takes them."""
    return {
        'decisions': [write_decision(decision) for decision in decisions],
        'visual_tokens_pruned': engine.visual_tokens_pruned,
        'skipped_frames': engine.skipped_frames, 'seconds': dict(engine.seconds)}


def write_error(error: Exception) -> dict[str, Any]:
    """
    Return the answer to a call that raised.

    Its kind is the name of a refusal or of an unexpected error, and empty for a failure whose
    sentence says all.
    """
    kind = type(error).__name__
    if isinstance(error, UserError) and kind not in REFUSALS:
        kind = ''
    return {'error': [kind, str(error)]}


def read_error(error: Any) -> Exception:
    """
    Return the error of an answer: a refusal, or a failure.

    :raises TypeError: or ValueError, when it is none
    """
    kind, reason = map(str, error)
    if kind in REFUSALS:
        return REFUSALS[kind](reason)
    return EngineFailure(f'{kind}: {reason}' if kind else reason)
