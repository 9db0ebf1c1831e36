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

"""How families differ outside their networks: the chat, and how a frame is prepared."""

from dataclasses import dataclass

from PIL.Image import Resampling

from streamo_ros.dialogue import Chat
from streamo_ros.dialogue import INTERNVL
from streamo_ros.dialogue import QWEN
from streamo_ros.dialogue import SMALL
from streamo_ros.dialogue import SMOLVLM

_HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Family:
    """
    One family of checkpoints.

    Normalisation and filter are those of the family's image processor, for checkpoints whose files
    say nothing else.
    """

    chat: Chat
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: Resampling


FAMILIES = {
    'qwen2_5_vl': Family(  # CLIP's normalisation
        QWEN, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711),
        Resampling.BICUBIC),
    'qwen3_vl': Family(QWEN, _HALF, _HALF, Resampling.BICUBIC),
    'internvl': Family(  # ImageNet's
        INTERNVL, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), Resampling.BICUBIC),
    'smolvlm': Family(SMOLVLM, _HALF, _HALF, Resampling.LANCZOS),
    'streamo_small': Family(  # that of EfficientNet-Lite's training
        SMALL, (127 / 255,) * 3, (128 / 255,) * 3, Resampling.BICUBIC),
}
"""By the ``model_type`` of a checkpoint's ``config.json``."""
