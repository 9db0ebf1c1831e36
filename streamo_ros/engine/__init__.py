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

"""One frame in, one decision per instruction out, at a cost that stays the same for ever."""

from streamo_ros.engine.backends.factory import BACKENDS
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import StampError
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.client import EngineProcess
from streamo_ros.engine.process.protocol import EngineFailure
from streamo_ros.engine.static_scene import StillScene
from streamo_ros.engine.stream_engine import StreamEngine
from streamo_ros.engine.thresholds import Thresholds

__all__ = [
    'BACKENDS', 'Decision', 'Engine', 'EngineFailure', 'EngineProcess', 'StampError',
    'StillScene', 'StreamEngine', 'Thresholds', 'Watch']
