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

"""A logger that keeps TensorRT's errors: it says why it refuses something nowhere else."""

from typing import Any


def keeping_logger(trt: Any) -> Any:
    """
    Return a logger of a TensorRT module that is silent and keeps errors.

    Its ``errors`` is the list of them, oldest first; ``reason()`` is the latest.
    """
    severe = (trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR)

    class KeepingLogger(trt.ILogger):  # type: ignore[misc]

        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in severe:
                self.errors.append(message)

        def reason(self) -> str:
            return self.errors[-1] if self.errors else 'it gave no reason'

    return KeepingLogger()
