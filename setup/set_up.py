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
Makes `.venv`: ROS 2 from wheels, and what the engine and the tests need.

For machines without ROS; a robot uses the ROS of its system and never runs this. Run by the
Makefile as `python set_up.py run` or `python set_up.py test`. What was installed is remembered in
the environment as a hash of everything it depends on, so that a second call does nothing.
"""

import hashlib
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import sysconfig

from distribution import BUILD
from distribution import DISTRO
from distribution import DISTROS
from distribution import INSTALL
from distribution import ROOT
from distribution import VENV

PYTHON = VENV / 'bin' / 'python'
REQUIREMENTS = ROOT / 'requirements'
LOCKS = (ROOT / 'requirements.lock', REQUIREMENTS / f'{DISTRO}.lock')
RUN = (DISTRO, 'run', 'clip', 'cmake')
# Linters and torch test the same code on any distribution: once is enough.
TEST = ('test', 'test_extras') if DISTRO == 'jazzy' else ('test',)
SUPPORTED = ((3, 10), (3, 14))
# The interpreter behind any virtual environment this runs in, the one it is about to make included
BASE_PYTHON = os.path.realpath(sys.executable)


class SetUpError(Exception):
    """The environment cannot be made here; the message says what to do."""


def check_machine() -> None:
    """Raise SetUpError with the remedy if a prerequisite is missing."""
    if DISTRO not in DISTROS:
        raise SetUpError(f'DISTRO={DISTRO} is not one of {", ".join(DISTROS)}.')
    version = sys.version_info[:2]
    if not SUPPORTED[0] <= version <= SUPPORTED[1]:
        raise SetUpError(
            f'Python {version[0]}.{version[1]} has no ROS 2 wheels: use 3.10 to 3.14, '
            'e.g. `make demo PYTHON=python3.11`.'
        )
    if not (Path(sysconfig.get_path('include')) / 'Python.h').exists():
        raise SetUpError(
            f'The C headers of {BASE_PYTHON} are missing and the messages cannot be built: '
            'install them (on Debian and Ubuntu: `apt install python3-dev python3-venv`).'
        )
    for variable, names in (('CC', ('cc', 'gcc', 'clang')), ('CXX', ('c++', 'g++', 'clang++'))):
        if not os.environ.get(variable) and not any(shutil.which(name) for name in names):
            raise SetUpError(
                'A C and a C++ compiler are needed to build the messages: install them '
                '(on Debian and Ubuntu: `apt install build-essential`).'
            )


def fingerprint(*requirements: str) -> str:
    """Return the hash of all that an installation of these requirement files depends on."""
    digest = hashlib.sha256(f'{sys.version} {BASE_PYTHON} {ROOT}'.encode())
    paths = (Path(__file__), *LOCKS, *(REQUIREMENTS / f'{name}.txt' for name in requirements))
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def site_packages() -> Path:
    """Return where the environment keeps its Python packages."""
    return Path(sysconfig.get_path('purelib', 'posix_prefix', {'base': str(VENV)}))


def install(*names: str, options: tuple[str, ...] = ()) -> None:
    """Install requirements/<name>.txt of each name into the environment, in locked versions."""
    command = [str(PYTHON), '-m', 'pip', 'install', '-qq', '--disable-pip-version-check', *options]
    for lock in LOCKS:
        command += ['-c', str(lock)]
    for name in names:
        command += ['-r', str(REQUIREMENTS / f'{name}.txt')]
    if subprocess.run(command).returncode != 0:
        raise SetUpError(
            f'pip could not install what {", ".join(names)}.txt in requirements/ list (its output '
            'is above). '
            'Check the network and the package index, then run the same command again.'
        )


def repair_wheels() -> None:
    """
    Make the ROS wheels usable for a build in this environment.

    Their CMake files name the include directories of the machine that built them, and their
    libraries look for each other in places that wheels do not have.
    """
    include = sysconfig.get_path('include')
    numpy = subprocess.run(
        [str(PYTHON), '-c', 'import numpy; print(numpy.get_include())'],
        check=True, capture_output=True, text=True,
    ).stdout.strip()
    for path in (VENV / 'share').glob('*/cmake/*__rosidl_generator_pyExport.cmake'):
        text = path.read_text()
        text = re.sub(r'/opt/[^;"]*/numpy/(_core|core)/include', lambda _: numpy, text)
        text = re.sub(r'/opt/[^;"]*/include/python3[^;"/]*', lambda _: include, text)
        path.write_text(text)
    for library in site_packages().glob('ros_*.libs/*'):
        link = VENV / 'lib' / library.name
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(library, link.parent))


def set_up_run() -> None:
    """Create the environment with what building and running the package needs."""
    marker = VENV / '.set-up-run'
    expected = fingerprint(*RUN)
    if marker.exists() and marker.read_text() == expected:
        return
    print(
        f'Making {VENV.name} with ROS 2 {DISTRO.capitalize()} (once; about a minute) ...',
        flush=True)
    # What was built with another environment cannot be built on.
    for folder in (BUILD, INSTALL):
        shutil.rmtree(folder, ignore_errors=True)
    arguments = [BASE_PYTHON, '-m', 'venv', '--clear', str(VENV)]
    if subprocess.run(arguments).returncode != 0:
        raise SetUpError(
            f'{BASE_PYTHON} could not make a virtual environment: install its venv module '
            '(on Debian and Ubuntu: `apt install python3-venv`).'
        )
    install(DISTRO, 'run')
    install('clip', options=('--no-deps',))
    if shutil.which('cmake') is None:
        install('cmake')
    repair_wheels()
    # The sources serve the Python of this checkout, the install space serves its messages.
    installed = sysconfig.get_path('purelib', 'posix_prefix', {'base': str(INSTALL)})
    (site_packages() / 'streamo_ros_checkout.pth').write_text(f'{ROOT}\n{installed}\n')
    marker.write_text(expected)


def set_up_test() -> None:
    """Add what the tests need to the environment."""
    marker = VENV / '.set-up-test'
    expected = fingerprint(*RUN, *TEST)
    if marker.exists() and marker.read_text() == expected:
        return
    print(f'Adding what the tests need to {VENV.name} (once; some minutes) ...', flush=True)
    install(*TEST)
    marker.write_text(expected)


def main() -> int:
    """Set up for `run` or `test`, as the only argument says."""
    if len(sys.argv) != 2 or sys.argv[1] not in ('run', 'test'):
        print('usage: set_up.py {run,test}', file=sys.stderr)
        return 2
    try:
        check_machine()
        set_up_run()
        if sys.argv[1] == 'test':
            set_up_test()
    except SetUpError as error:
        print(f'Set-up failed: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
