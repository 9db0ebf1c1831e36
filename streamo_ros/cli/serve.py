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

"""``streamo serve``: streams for robots elsewhere."""

import argparse
from pathlib import Path

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_threads
from streamo_ros.cli.arguments import Commands
from streamo_ros.number_arguments import count


def add_parser(commands: Commands) -> None:
    """Add the command."""
    serve = commands.add_parser(
        'serve', formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description='Watch streams of robots elsewhere, which connect with the parameters '
        'backend:=remote, server and server_token of their nodes. Runs until Ctrl-C.')
    serve.set_defaults(run=run)
    serve.add_argument(
        'checkpoint', metavar='CHECKPOINT', help='nano, small or a directory')
    serve.add_argument(
        '--robots', type=Path, metavar='FILE', default=Path('robots.json'),
        help='which robots may come, with their secrets and what each may have; written with one '
        'robot if it is not there')
    serve.add_argument('--host', default='127.0.0.1', help='address to listen at')
    serve.add_argument('--port', type=count, default=8430, help='0: any that is free')
    serve.add_argument(
        '--certificate', type=Path, metavar='FILE',
        help='in PEM; needed beyond this machine')
    serve.add_argument('--private-key', type=Path, metavar='FILE', help='of the certificate')
    serve.add_argument(
        '--ray', metavar='ADDRESS', default='local',
        help='of a Ray cluster whose machines watch; a new one of this machine if not given')
    serve.add_argument(
        '--devices', type=count, default=0,
        help='how many hold the checkpoint; 0: one for each GPU of the cluster, or one')
    add_backend(serve)
    add_threads(serve)


def run(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    import asyncio

    from streamo_ros.engine.remote.server import is_loopback
    from streamo_ros.models import read_checkpoint
    from streamo_ros.serving.door import Address
    from streamo_ros.serving.door import DoorError
    from streamo_ros.serving.door import serve
    from streamo_ros.serving.fleet import Fleet
    from streamo_ros.serving.robots import Robots
    from streamo_ros.serving.robots import write_robots
    from streamo_ros.serving.served_model import LoadCheckpoint
    if bool(options.certificate) != bool(options.private_key):
        raise DoorError('give both --certificate and --private-key, or none of them')
    if not options.certificate and not is_loopback(options.host):
        raise DoorError(
            f'{options.host} can be reached by others: give --certificate and --private-key as '
            'well (see docs/fleet.md), or leave --host out and come through ssh -L')
    read_checkpoint(options.checkpoint)     # one that cannot be served leaves no file behind
    if not options.robots.exists():
        robot = write_robots(options.robots, 'robot')
        print(f'{options.robots} is new; the token of its one robot is\n  {robot.token}')
    robots = Robots(options.robots)
    load = LoadCheckpoint(options.checkpoint, options.backend, options.threads)
    print(f'loading {options.checkpoint} ...', flush=True)
    fleet = Fleet(load, options.ray, options.devices)
    asyncio.run(serve(
        fleet, robots, Address(
            options.host, options.port, options.certificate, options.private_key),
        lambda address: print(f'robots can come: {address}', flush=True)))
