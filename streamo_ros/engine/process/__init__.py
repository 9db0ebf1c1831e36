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
An engine in a process of its own, with the contract of one that is not (``decision.Engine``).

Native code of a model may crash, hang or be killed by the kernel for want of memory, and the
caller must outlive that. So the engine lives in a child process, and a call either returns or
raises ``EngineFailure``, within its deadline. After a failure the child is dead and its
``EngineProcess`` of no further use: the owner makes another one and gives it the instructions
again.

``client`` and ``stream`` are the caller's side, over a ``connection``; ``server`` is the child's
side; ``protocol`` is what both know.

Who owns what. The caller owns the table of instructions, the waiting frames and the decision to
start again; the child owns the checkpoint and the cache. Between them are

- one frame in shared memory. A step is a call, so there is never a second one, however many
  streams the child holds. It is anonymous (memfd): nothing stays in /dev/shm when a process is
  killed, and a container's small /dev/shm is no limit. Pages that no frame touches cost nothing.
- a socket for calls: one message asks, one answers, whole or not at all, as JSON, because
  whatever comes from a broken child must be harmless to read.
- a socket for control messages, which must not wait behind a call: interrupt, reset, cancel. A
  thread of the child handles them during a step, and the step reacts within one token. A call
  waits until the child has handled all control messages sent before it, so ``reset(); step()``
  works as written.

What happens on

- a hang: at four fifths of the deadline the step is interrupted, so that a long answer comes out
  cut rather than not at all; at the deadline the child is killed.
- a crash, or the kernel's out-of-memory killer: the socket ends, and the failure names the
  signal. The child offers itself to that killer before its parent.
- an exception in a step, MemoryError included: the child reports it and is killed, because its
  state is unknown. A refused instruction or stamp is no failure.
- garbage: decisions that are not one for each instruction, with a known state and probabilities,
  are never returned; the child is killed.
- a death in the middle of an answer: that answer was not given. One that was sent is received,
  even if its sender is dead by then.
- a failure to load: raised by ``with``, with the child's reason; loading has a deadline of its
  own.
- the end: leaving ``with`` kills the child. So does the death of the parent, also by SIGKILL: the
  kernel sends the child a signal, and its sockets end. Ctrl-C reaches only the parent.
- an idle child that dies: ``on_end`` is called, and ``check`` raises.

The child is a fresh interpreter (never a fork of a process with threads) that imports what the
engine needs and nothing of the caller's; what it prints goes to ``log``.
"""
