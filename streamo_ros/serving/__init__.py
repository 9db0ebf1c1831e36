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
Streams for robots elsewhere: a server of one checkpoint, ``streamo serve``.

``door`` is where robots come in (FastAPI, a WebSocket for each stream); behind it is Ray: a
``Device`` is an actor that holds the checkpoint once, on one GPU or a share of the processors, and
the engines of the streams that are placed there, whose ticks it runs in one forward where they
fall together. ``fleet`` places streams on devices, ``admission`` says which of them still have
time, ``robots`` who may ask, ``session`` is one stream's life at the door.

Who owns what. The robot owns its instructions, so nothing is kept here that a restart could lose.
Ray owns the devices: one that dies is started again by it, on another machine if need be. The door
owns the table of streams. A stream whose device dies is ended with the reason; its robot comes
again at once, is placed where there is room, and gives its instructions again, in a new epoch.
"""
