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

"""What a server counts, as Prometheus reads it."""

from prometheus_client import CollectorRegistry
from prometheus_client import Counter
from prometheus_client import Gauge
from prometheus_client import generate_latest
from prometheus_client import Histogram

from streamo_ros.serving.admission import Load

_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The counts of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._ticks = Counter(
            'streamo_ticks', 'Frames that were decided about', ['robot'], registry=registry)
        self._responses = Counter(
            'streamo_responses', 'Answers that were given', ['robot'], registry=registry)
        self._bytes = Counter(
            'streamo_received_bytes', 'Bytes of frames', ['robot'], registry=registry)
        self._late = Histogram(
            'streamo_tick_seconds', 'From the arrival of a frame to its answer',
            registry=registry, buckets=_SECONDS)
        self._step = Histogram(
            'streamo_step_seconds', 'Of a frame in the model', registry=registry,
            buckets=_SECONDS)
        self._refusals = Counter(
            'streamo_refusals', 'Connections that were turned away', ['why'], registry=registry)
        self._streams = Gauge('streamo_streams', 'Streams', ['device'], registry=registry)
        self._share = Gauge(
            'streamo_asked_share', "Share of a device's time that its streams ask for",
            ['device'], registry=registry)
        self._up = Gauge('streamo_device_up', 'Whether a device answers', ['device'],
                         registry=registry)

    def ticked(
        self, robot: str, late_s: float, step_s: float, received: int, responses: int,
    ) -> None:
        """Count a tick."""
        self._ticks.labels(robot).inc()
        self._responses.labels(robot).inc(responses)
        self._bytes.labels(robot).inc(received)
        self._late.observe(late_s)
        self._step.observe(step_s)

    def refused(self, why: str) -> None:
        """Count somebody who was turned away, by a word."""
        self._refusals.labels(why).inc()

    def text(self, loads: 'list[Load | str]') -> bytes:
        """Return all of it, with what the devices have to do now."""
        for number, load in enumerate(loads):
            known = isinstance(load, Load)
            self._up.labels(number).set(known)
            self._streams.labels(number).set(load.streams if isinstance(load, Load) else 0)
            self._share.labels(number).set(load.share if isinstance(load, Load) else 0)
        return generate_latest(self._registry)
