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
Builds this package with colcon into the install space, when something it is made of has changed.

For machines without ROS, run by the Makefile in the environment of env.sh; on a robot, the
package is built in its colcon workspace like any other.
"""

import hashlib
from pathlib import Path
import shutil
import subprocess
import sys

from distribution import BUILD
from distribution import INSTALL
from distribution import ROOT
from distribution import VENV

SOURCE = BUILD / 'source'
MARKER = INSTALL / '.built-from'
SOURCES = (
    'CMakeLists.txt', 'package.xml', 'action', 'behaviors', 'config', 'launch', 'msg', 'scripts',
    'srv', 'streamo_ros',
)
ENVIRONMENT = (VENV / '.set-up-run', Path(__file__))


def fingerprint() -> str:
    """Return the hash of all that ends up in the install space, and of what builds it."""
    digest = hashlib.sha256()
    paths = [path for name in SOURCES for path in (ROOT / name, *(ROOT / name).rglob('*'))]
    for path in (*sorted(paths), *ENVIRONMENT):
        if path.is_file() and '__pycache__' not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f'{path.relative_to(ROOT)} {path.stat().st_mode} {content}\n'.encode())
    return digest.hexdigest()


def copy_sources() -> None:
    """
    Copy what is built to a directory of its own.

    CMake refuses to export include directories that lie in the source directory, which is where
    numpy's do: in .venv. Times are kept, so that what is unchanged is not built again.
    """
    shutil.rmtree(SOURCE, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, SOURCE / name, ignore=shutil.ignore_patterns('__pycache__'),
            )
        else:
            shutil.copy2(ROOT / name, SOURCE / name)


def remove_stale() -> None:
    """Remove modules and data that an earlier build installed and this one did not."""
    manifest = BUILD / 'colcon' / 'streamo_ros' / 'install_manifest.txt'
    installed = set(manifest.read_text().splitlines())
    for package in INSTALL.glob('lib/python*/site-packages/streamo_ros'):
        for path in package.rglob('*'):
            if path.is_file() and '__pycache__' not in path.parts and str(path) not in installed:
                path.unlink()


def main() -> int:
    """Build if needed; print colcon's output only when it fails."""
    expected = fingerprint()
    if MARKER.exists() and MARKER.read_text() == expected:
        return 0
    print('Building streamo_ros with colcon ...', flush=True)
    copy_sources()
    result = subprocess.run(
        [
            'colcon', '--log-base', str(ROOT / 'log'), 'build', '--merge-install',
            '--base-paths', str(SOURCE), '--build-base', str(BUILD / 'colcon'),
            '--install-base', str(INSTALL), '--event-handlers', 'console_direct+',
            '--cmake-args', f'-DPython3_EXECUTABLE={VENV / "bin" / "python"}',
            '-DBUILD_TESTING=OFF',
        ],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    if result.returncode != 0:
        print(result.stdout, file=sys.stderr)
        print(
            'Build failed (the output is above). If the sources are as they were cloned, '
            '`make clean` and the same command again starts afresh.',
            file=sys.stderr,
        )
        return 1
    remove_stale()
    MARKER.write_text(expected)
    return 0


if __name__ == '__main__':
    sys.exit(main())
