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
The Python of a robot: the system's ROS and what package.xml names, and the README's packages.

A virtual environment whose packages are links to those of the environment that runs the tests, and
no other package can be imported in it.
"""

from importlib import metadata
import os
from pathlib import Path
import subprocess
import sysconfig
import venv

from ament_index_python.packages import get_package_prefix
from ament_index_python.packages import get_packages_with_prefixes

INSTALLED = ('onnx', 'onnxruntime', 'safetensors', 'tokenizers')
"""What the README has robots install; what these import of their own comes with them."""
BROUGHT = ('flatbuffers', 'ml-dtypes', 'packaging', 'protobuf', 'typing-extensions')
OF_THE_SYSTEM = (
    'aiohttp', 'numpy', 'opencv-python-headless', 'pillow', 'PyYAML',
    # ... and what aiohttp brings
    'aiohappyeyeballs', 'aiosignal', 'attrs', 'frozenlist', 'idna', 'multidict', 'propcache',
    'yarl')


class RobotEnvironment:
    """
    The environment, made in a folder.

    :param folder: does not exist yet
    """

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True)
        self._programs = folder / 'bin'
        packages = next(folder.glob('lib/python*/site-packages'))
        ours = Path(sysconfig.get_path('purelib'))
        linked = {
            file.parts[0] for name in (*INSTALLED, *BROUGHT, *OF_THE_SYSTEM)
            for file in metadata.files(name) or () if file.parts[0] != '..'}
        # ROS puts each of its packages under its own name.
        linked |= {name for name in get_packages_with_prefixes() if (ours / name).is_dir()}
        for name in linked:
            (packages / name).symlink_to(ours / name)
        self.prefix = Path(get_package_prefix('streamo_ros'))
        (installed,) = self.prefix.glob('lib/python*/site-packages')
        (packages / 'workspace.pth').write_text(f'{installed}\n')

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables that differ in a shell in which it is active."""
        return {'PATH': f'{self._programs}:{os.environ["PATH"]}'}

    def run(self, *command: str, folder: Path) -> 'subprocess.CompletedProcess[str]':
        """Run a program in a folder, to its end."""
        return subprocess.run(
            command, cwd=folder, env={**os.environ, **self.variables}, capture_output=True,
            text=True)
