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
The layers of the package: which may import which, and how large a module may be.

Imports run one way, only `nodes`, `behaviors` and `mock` know ROS, what the default run needs
imports no torch, and no import is circular.
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / 'streamo_ros'

# Single modules that are open to all layers
OPEN = ('closed_streams', 'errors', 'input', 'number_arguments', 'output', 'strict_json')
# Each layer, and the layers that it may import from beside these
LAYERS = {
    **dict.fromkeys(OPEN, set()),
    'dialogue': set(),
    'metrics': {'dialogue'},
    'events': {'dialogue'},
    'models': {'dialogue'},
    'sources': {'dialogue'},
    'engine': {'dialogue', 'models'},
    'worlds': {'dialogue'},
    'training': {'dialogue', 'metrics', 'models', 'sources', 'worlds'},
    'evaluation': {'dialogue', 'metrics', 'models', 'engine', 'sources', 'worlds'},
    'quantisation': {'dialogue', 'models', 'engine'},
    'serving': {'dialogue', 'models', 'engine', 'sources'},
    'bench': {'dialogue', 'events', 'models', 'engine', 'serving'},
    'studies': {
        'dialogue', 'events', 'metrics', 'models', 'sources', 'engine', 'worlds', 'training',
        'evaluation', 'serving'},
    'web': set(),
    'annotate': {'dialogue', 'sources', 'web'},
    'nodes': {
        'action_client', 'dialogue', 'events', 'models', 'engine', 'sources', 'web', 'worlds'},
    'action_client': set(),
    'behaviors': {'action_client'},
    'mock': {'dialogue', 'engine', 'nodes'},
    'cli': {
        'dialogue', 'metrics', 'models', 'engine', 'sources', 'worlds', 'training', 'evaluation',
        'annotate', 'bench', 'quantisation', 'serving', 'studies', 'nodes'},
}
# Layers that stand on few things outside the package, and those things
OUTSIDE = {
    **dict.fromkeys(OPEN, set()),
    'dialogue': set(),
    'events': set(),
    'metrics': {'numpy'},
    'worlds': {'cv2', 'numpy', 'pybullet'},
}
ROS = {'ament_index_python', 'launch', 'launch_ros', 'rclpy'}
WITH_ROS = {'action_client', 'behaviors', 'mock', 'nodes'}
WITHOUT_TORCH = (
    'dialogue', 'events', 'models', 'sources', 'engine', 'quantisation', 'serving', 'web',
    'annotate', 'action_client', 'nodes', 'behaviors', 'mock', 'cli')
TORCH = {'accelerate', 'peft', 'tensorboard', 'torch', 'transformers'}
# Loaded only when asked for by name
ON_DEMAND = {
    PACKAGE / 'engine' / 'backends' / 'torch.py', PACKAGE / 'models' / 'small_torch.py'}
LONGEST, LONGEST_COMMAND = 450, 150


def files(layer: str) -> list[Path]:
    module = PACKAGE / f'{layer}.py'
    return [module] if module.exists() else sorted((PACKAGE / layer).rglob('*.py'))


def imported(node: ast.AST, path: Path) -> Iterator[str]:
    """Yield the full names of the modules that a statement imports, if it is an import."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f'{path}:{node.lineno}: a relative import'
        # `from streamo_ros import engine` imports that layer, not the package alone.
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


def modules() -> dict[str, Path]:
    """Return the file of each module of the package."""
    found = {}
    for path in PACKAGE.rglob('*.py'):
        parts = path.relative_to(ROOT).with_suffix('').parts
        found['.'.join(parts[:-1] if parts[-1] == '__init__' else parts)] = path
    return found


def is_ros(name: str) -> bool:
    top, *rest = name.split('.')
    generated = top == 'streamo_ros' and rest[:1] in (['msg'], ['action'], ['srv'])
    return generated or top in ROS or top.endswith(('_msgs', '_srvs', '_interfaces'))


def test_every_file_belongs_to_a_layer() -> None:
    found = {
        path.stem for path in PACKAGE.iterdir()
        if path.name != '__init__.py' and (path.suffix == '.py' or any(path.glob('**/*.py')))
    }
    assert found <= set(LAYERS)


@pytest.mark.parametrize('layer', LAYERS)
def test_a_layer_imports_only_the_layers_below_it(layer: str) -> None:
    for path in files(layer):
        layers = {
            name.split('.')[1] for name in imports(path)
            if name.startswith('streamo_ros.') and not is_ros(name)
        }
        assert layers - LAYERS[layer] - {layer, *OPEN} == set(), path


def test_no_import_is_circular() -> None:
    known = modules()
    graph = {}
    for module, path in known.items():
        # `import a.b` runs a's __init__ as well, but that is a's own business, not a circle.
        names = {
            name if name in known else name.rpartition('.')[0] for name in imports(path)}
        graph[module] = {name for name in names if name in known and name != module}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize('layer', sorted(set(LAYERS) - WITH_ROS))
def test_only_nodes_behaviors_and_mock_import_ros(layer: str) -> None:
    for path in files(layer):
        assert {name for name in imports(path) if is_ros(name)} == set(), path


@pytest.mark.parametrize('layer', OUTSIDE)
def test_a_small_layer_stands_on_little_outside_the_package(layer: str) -> None:
    for path in files(layer):
        outside = {name.split('.')[0] for name in imports(path)}
        outside -= set(sys.stdlib_module_names) | {'streamo_ros'}
        assert outside - OUTSIDE[layer] == set(), path


@pytest.mark.parametrize('layer', WITHOUT_TORCH)
def test_what_the_default_run_needs_does_not_import_torch_when_loaded(layer: str) -> None:
    for path in set(files(layer)) - ON_DEMAND:
        loaded = {name.split('.')[0] for name in imports_when_loaded(path)}
        assert loaded & TORCH == set(), path


@pytest.mark.parametrize('module', [
    'streamo_ros.engine', 'streamo_ros.cli.main', 'streamo_ros.worlds.streams',
    'streamo_ros.mock.engine'])
def test_importing_it_brings_neither_torch_nor_ros_nor_physics(module: str) -> None:
    code = f'import sys, {module}; print(*sorted({{n.split(".")[0] for n in sys.modules}}))'
    loaded = subprocess.run(
        [sys.executable, '-c', code], check=True, capture_output=True, text=True,
    ).stdout.split()
    assert set(loaded) & (TORCH | {'pybullet', 'rclpy'}) == set()


def test_a_module_is_short_enough_to_be_read_at_once() -> None:
    long = {
        module: lines
        for module, path in modules().items()
        if not module.startswith('streamo_ros.worlds')
        and (lines := len(path.read_text().splitlines())) > (
            LONGEST_COMMAND if module.startswith('streamo_ros.cli.') else LONGEST)
    }
    assert long == {}


def test_action_clients_are_those_that_any_thread_may_use() -> None:
    assert [path for path in modules().values()
            if 'rclpy.action.ActionClient' in imports(path)] == []
