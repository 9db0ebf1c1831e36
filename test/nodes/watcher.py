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

"""A client of ~/watch_for that sends one goal and waits, until somebody kills it."""

import sys

import rclpy

from streamo_ros.action import WatchFor
from streamo_ros.action_client import ActionClient

rclpy.init()
node = rclpy.create_node('watcher')
client = ActionClient(node, WatchFor, '/streamo/watch_for')
client.wait_for_server()
while True:
    sent = client.send_goal_async(
        WatchFor.Goal(instruction=sys.argv[1]),
        feedback_callback=lambda _: print('is watched for', flush=True))
    rclpy.spin_until_future_complete(node, sent, timeout_sec=5.0)
    if sent.done():  # else the node had not discovered this client yet
        rclpy.spin(node)
