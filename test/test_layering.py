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
The rooms of the house: which part may know which.

Two rules hold the package together: imports run one way, and only `nodes` knows ROS. A third
keeps it light: what the default run needs imports no torch.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / 'streamo_ros'

# Each room, and the rooms it may import from. `cli` is a room of one file.
ROOMS = {
    'dialogue': set(),
    'models': {'dialogue'},
    'sources': {'dialogue'},
    'engine': {'dialogue', 'models'},
    'worlds': {'dialogue'},
    'training': {'dialogue', 'models', 'sources', 'worlds'},
    'evaluation': {'dialogue', 'models', 'engine', 'sources', 'worlds'},
    'nodes': {'dialogue', 'models', 'engine', 'sources', 'worlds'},
    'bench': {'dialogue', 'models', 'engine'},
    'ablation': {
        'dialogue', 'models', 'engine', 'worlds', 'training', 'evaluation'},
    'cli': {
        'dialogue', 'models', 'engine', 'sources', 'worlds', 'training', 'evaluation', 'bench'},
}
# Rooms that stand on few things outside the package, and those things
OUTSIDE = {
    'dialogue': set(),
    'worlds': {'cv2', 'numpy', 'pybullet'},
}
ROS = {'ament_index_python', 'launch', 'launch_ros', 'rclpy'}
WITHOUT_TORCH = ('dialogue', 'models', 'sources', 'engine', 'nodes', 'cli')
TORCH = {'accelerate', 'peft', 'tensorboard', 'torch', 'transformers'}
# Loaded only when asked for by name
ON_DEMAND = {PACKAGE / 'engine' / f'{name}.py' for name in ('export', 'torch_backend')}


def files(room: str) -> list[Path]:
    module = PACKAGE / f'{room}.py'
    return [module] if module.exists() else sorted((PACKAGE / room).rglob('*.py'))


def imported(node: ast.AST, path: Path) -> Iterator[str]:
    """Yield the full names of the modules that a statement imports, if it is an import."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f'{path}:{node.lineno}: a relative import'
        # `from streamo_ros import engine` imports the room, not the package alone.
        for alias in node.names:
            yield f'{node.module}.{alias.name}'


def imports(path: Path) -> set[str]:
    """Return all that a file imports, in functions too."""
    tree = ast.parse(path.read_text())
    return {name for node in ast.walk(tree) for name in imported(node, path)}


def imports_when_loaded(path: Path) -> set[str]:
    """Return what a file imports when it is itself imported: not in functions, nor for typing."""
    def visit(node: ast.AST) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(child, ast.If) and ast.unparse(child.test).endswith('TYPE_CHECKING'):
                continue
            yield from imported(child, path)
            yield from visit(child)

    return set(visit(ast.parse(path.read_text())))


def is_ros(name: str) -> bool:
    top, *rest = name.split('.')
    generated = top == 'streamo_ros' and rest[:1] in (['msg'], ['action'], ['srv'])
    return generated or top in ROS or top.endswith(('_msgs', '_srvs', '_interfaces'))


def test_every_file_belongs_to_a_room() -> None:
    found = {
        path.stem for path in PACKAGE.iterdir()
        if path.name != '__init__.py' and (path.suffix == '.py' or any(path.glob('**/*.py')))
    }
    assert found <= set(ROOMS)


@pytest.mark.parametrize('room', ROOMS)
def test_a_room_imports_only_the_rooms_it_stands_on(room: str) -> None:
    for path in files(room):
        rooms = {
            name.split('.')[1] for name in imports(path)
            if name.startswith('streamo_ros.') and not is_ros(name)
        }
        assert rooms - ROOMS[room] - {room} == set(), path


@pytest.mark.parametrize('room', sorted(set(ROOMS) - {'nodes'}))
def test_only_nodes_imports_ros(room: str) -> None:
    for path in files(room):
        assert {name for name in imports(path) if is_ros(name)} == set(), path


@pytest.mark.parametrize('room', OUTSIDE)
def test_a_small_room_stands_on_little_outside_the_package(room: str) -> None:
    for path in files(room):
        outside = {name.split('.')[0] for name in imports(path)}
        outside -= set(sys.stdlib_module_names) | {'streamo_ros'}
        assert outside - OUTSIDE[room] == set(), path


@pytest.mark.parametrize('room', WITHOUT_TORCH)
def test_what_the_default_run_needs_does_not_import_torch_when_loaded(room: str) -> None:
    for path in set(files(room)) - ON_DEMAND:
        loaded = {name.split('.')[0] for name in imports_when_loaded(path)}
        assert loaded & TORCH == set(), path


@pytest.mark.parametrize('module', [
    'streamo_ros.engine', 'streamo_ros.cli', 'streamo_ros.worlds.streams'])
def test_importing_it_brings_neither_torch_nor_ros_nor_physics(module: str) -> None:
    code = f'import sys, {module}; print(*sorted({{n.split(".")[0] for n in sys.modules}}))'
    loaded = subprocess.run(
        [sys.executable, '-c', code], check=True, capture_output=True, text=True,
    ).stdout.split()
    assert set(loaded) & (TORCH | {'pybullet', 'rclpy'}) == set()
