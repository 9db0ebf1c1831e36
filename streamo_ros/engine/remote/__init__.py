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
An engine on another machine, with the contract of one that is not (``decision.Engine``).

``streamo serve`` (``streamo_ros.serving``) is the other end. Each stream has a WebSocket of its
own; ``protocol`` is what both ends know.

Who owns what. The robot owns its instructions, its frames and the decision to start again; the
server owns the checkpoint and the cache. A link that breaks is an engine that fails
(``EngineFailure``): the window is lost, and the owner makes another engine and gives it the
instructions again. So a server that restarts, or a stream that is moved to another machine of its
cluster, loses no instruction, for it never was the one to keep them.

A frame leaves as JPEG, no larger than the model sees it (``picture``), and no larger than the link
carries in time. What a step took is split by the clocks of both machines (``clock``).

What happens on

- a server that cannot be reached, or has no room now: ``with`` tries again until it can, and says
  so once; with a stand-in (``stand_in``) that one watches meanwhile.
- a server that refuses, for a token or a protocol that does not fit: ``with`` raises at once.
- a hang: as in ``engine.process``: at four fifths of the deadline an answer is cut, at the
  deadline the link is given up.
- a link that breaks in the middle of a step: that step was not decided. Whatever the server
  computed of it is dropped at both ends, and its frame is not sent again.
- garbage: never returned; the link is given up.
"""
