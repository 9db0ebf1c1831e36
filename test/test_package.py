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

"""The package as ROS, pip and other people's programs see it: declared, installed, frozen."""

import ast
import os
from pathlib import Path
import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
INTERFACES = sorted([
    *ROOT.glob('msg/*.msg'), *ROOT.glob('srv/*.srv'), *ROOT.glob('action/*.action')])
# The rosdep key of a module outside ROS, where there is one
ROSDEP_KEYS = {
    'PIL': 'python3-pil', 'aiohttp': 'python3-aiohttp', 'cv2': 'python3-opencv',
    'numpy': 'python3-numpy', 'onnxruntime': 'python3-onnxruntime-pip',
    'rosbags': 'python3-rosbags-pip',
    'ruamel': 'python3-ruamel.yaml', 'tqdm': 'python3-tqdm', 'yaml': 'python3-yaml'}
# Its name on PyPI, where that is not the module's
PYPI_NAMES = {
    'PIL': 'pillow', 'cv2': 'opencv-python-headless', 'ml_dtypes': 'ml-dtypes',
    'py_trees': 'py-trees', 'ruamel': 'ruamel-yaml', 'prometheus_client': 'prometheus-client'}
ROS = re.compile(r'rclpy|cv_bridge|ament_index_python|launch\w*|\w+_(msgs|srvs|interfaces)')

# What programs and recorded bags hold on to: fields are added at the end, nothing else changes.
FROZEN = {
    'Ask': [
        'question', 'now', 'timezone', 'away_since',
        'kind', 'answer', 'event_ids',
    ],
    'EventRecord': [
        'header', 'id', 'state', 'epoch', 'camera', 'instruction_id', 'instruction', 'text',
        'complete', 'event_start', 'event_end', 'probability', 'latency_s', 'response_seq',
        'checkpoint', 'logged', 'pose', 'pictures', 'data',
    ],
    'GetEvent': [
        'id',
        'error_msg', 'event', 'pictures',
    ],
    'ListEvents': [
        'since', 'until', 'camera', 'instruction', 'words', 'page', 'limit',
        'error_msg', 'events', 'total',
    ],
    'Instruction': [
        'header', 'action', 'id', 'text', 'source', 'camera', 'once',
    ],
    'Response': [
        'header', 'seq', 'epoch', 'camera', 'instruction_id', 'instruction', 'text', 'complete',
        'event_start', 'event_end', 'probability', 'latency_s', 'inference_s',
    ],
    'StreamState': [
        'header', 'state', 'probability_silence', 'probability_standby', 'probability_response',
        'seq', 'epoch', 'tick', 'camera', 'instruction_id', 'instruction', 'standby_since',
        'response_seq', 'inference_s', 'latency_s', 'age_s', 'frames_dropped', 'status', 'detail',
    ],
    'StructuredInstruction': [
        'instruction', 'choices', 'json_schema',
    ],
    'StructuredResponse': [
        'response', 'data', 'error_msg',
    ],
    'WatchFor': [
        'instruction', 'camera', 'timeout',
        'error_code', 'error_msg', 'response',
        'header', 'state', 'age_s', 'elapsed',
    ],
}


def manifest() -> ElementTree.Element:
    return ElementTree.parse(ROOT / 'package.xml').getroot()


def setup_arguments() -> dict[str, object]:
    """Return the keyword arguments of setup.py's call that are literals."""
    tree = ast.parse((ROOT / 'setup.py').read_text())
    call = next(
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'setup'
    )
    arguments = {}
    for keyword in call.keywords:
        try:
            arguments[keyword.arg] = ast.literal_eval(keyword.value)
        except ValueError:
            continue
    return arguments


def console_scripts() -> dict[str, str]:
    lines = setup_arguments()['entry_points']['console_scripts']
    return dict(re.split(r'\s*=\s*', line) for line in lines)


def cmake_blocks(command: str) -> list[str]:
    text = re.sub(r'#.*', '', (ROOT / 'CMakeLists.txt').read_text())
    return re.findall(rf'\b{command}\(([^)]*)\)', text)


def installed_programs(destination: str) -> set[str]:
    return {
        program
        for block in cmake_blocks('install')
        if block.split()[0] == 'PROGRAMS' and block.split()[-1] == destination
        for program in re.findall(r'scripts/(\w+)', block)
    }


def statements(interface: Path) -> list[tuple[list[str], str, str, bool]]:
    """Return (comment directly above, type, name, is a constant) of each line that declares."""
    found = []
    comment: list[str] = []
    for line in interface.read_text().splitlines():
        if line.startswith('#'):
            comment.append(line)
            continue
        declared = re.match(r'(\S+) (\w+)(=.+)?$', line)
        if declared:
            found.append((comment, declared[1], declared[2], declared[3] is not None))
        else:
            assert line in ('', '---'), f'{interface.name}: {line!r}'
            comment = []
    return found


def imported(folder: str) -> set[str]:
    """Return the modules outside the package and Python that the files of a folder import."""
    names = set()
    for path in (ROOT / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split('.')[0])
    return names - {'streamo_ros'} - set(sys.stdlib_module_names)


def test_the_scripts_that_cmake_installs_are_the_console_scripts_of_setup_py() -> None:
    assert installed_programs('lib/${PROJECT_NAME}') == set(console_scripts())
    assert {path.name for path in (ROOT / 'scripts').iterdir()} == set(console_scripts())
    assert installed_programs('bin') == {'streamo'}


@pytest.mark.parametrize('name', sorted(console_scripts()))
def test_a_script_is_executable_and_calls_the_function_that_setup_py_names(name: str) -> None:
    script = ROOT / 'scripts' / name
    module, function = console_scripts()[name].split(':')
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith('#!/usr/bin/env python3\n')
    assert f'from {module} import {function}\n' in script.read_text()
    source = ROOT / (module.replace('.', '/') + '.py')
    assert function in {
        node.name for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }


def test_name_version_licence_and_maintainer_are_the_same_everywhere() -> None:
    arguments = setup_arguments()
    package = manifest()
    assert package.get('format') == '3'
    assert package.findtext('name') == arguments['name'] == 'streamo_ros'
    assert package.findtext('version') == arguments['version']
    assert package.findtext('license') == arguments['license'] == 'Apache-2.0'
    assert package.findtext('maintainer') == arguments['maintainer']
    assert package.findtext('author') == arguments['maintainer']
    assert package.find('maintainer').get('email') == arguments['maintainer_email']
    assert f'\n{arguments["version"]} (' in (ROOT / 'CHANGELOG.rst').read_text()
    assert 'Apache License' in (ROOT / 'LICENSE').read_text()
    assert 'Version 2.0, January 2004' in (ROOT / 'LICENSE').read_text()


def test_package_xml_says_where_the_package_and_its_issues_are() -> None:
    urls = {url.get('type'): url.text for url in manifest().findall('url')}
    assert set(urls) == {'repository', 'bugtracker'}
    assert urls['bugtracker'].startswith(urls['repository'])


def test_package_xml_declares_what_the_code_imports() -> None:
    declared = {
        element.text for element in manifest() if element.tag in ('depend', 'exec_depend')
    }
    used = {
        ROSDEP_KEYS.get(name, name) for name in imported('streamo_ros') | imported('launch')
        if ROS.fullmatch(name) or name in ROSDEP_KEYS or name == 'py_trees'}
    assert used - declared == set()


def test_setup_py_declares_what_the_code_imports_beside_ros() -> None:
    arguments = setup_arguments()
    declared = {*arguments['install_requires']}.union(*arguments['extras_require'].values())
    used = {PYPI_NAMES.get(name, name) for name in imported('streamo_ros')
            if not ROS.fullmatch(name)}
    assert used - declared == set()


def test_what_has_no_rosdep_key_is_named_in_package_xml() -> None:
    modules = {PYPI_NAMES.get(name, name) for name in ROSDEP_KEYS}
    without = set(setup_arguments()['install_requires']) - modules - {'ml-dtypes'}  # onnx's own
    text = (ROOT / 'package.xml').read_text()
    assert [name for name in without if not re.search(rf'\b{name}\b', text)] == []


def test_package_xml_and_cmake_declare_what_the_interfaces_are_made_of() -> None:
    used = {
        kind.split('/')[0]
        for interface in INTERFACES
        for _, kind, _, _ in statements(interface)
        if '/' in kind
    } - {'streamo_ros'}
    declared = {element.text for element in manifest() if element.tag == 'depend'}
    generated = cmake_blocks('rosidl_generate_interfaces')[0].split()
    assert used <= declared
    assert used <= set(generated[generated.index('DEPENDENCIES') + 1:])


def test_cmake_generates_every_interface_file() -> None:
    generated = re.findall(r'"(\w+/\w+\.\w+)"', cmake_blocks('rosidl_generate_interfaces')[0])
    assert sorted(generated) == sorted(
        path.relative_to(ROOT).as_posix() for path in INTERFACES
    )


@pytest.mark.parametrize('interface', INTERFACES, ids=lambda path: path.stem)
def test_every_field_is_commented(interface: Path) -> None:
    uncommented = [name for comment, _, name, _ in statements(interface) if not comment]
    assert uncommented == []


@pytest.mark.parametrize('interface', INTERFACES, ids=lambda path: path.stem)
def test_constants_stand_directly_before_their_field_and_are_explained(interface: Path) -> None:
    declared = statements(interface)
    assert not declared[-1][3]
    for (comment, kind, name, constant), after in zip(declared, declared[1:]):
        if constant:
            assert after[1] == kind, f'{name} is not of the type of the field it belongs to'
            assert after[0] is comment, f'{name} is not in one block with its field'


@pytest.mark.parametrize('interface', INTERFACES, ids=lambda path: path.stem)
def test_fields_are_only_ever_added_at_the_end(interface: Path) -> None:
    frozen = FROZEN[interface.stem]
    fields = [name for _, _, name, constant in statements(interface) if not constant]
    # The parts of an action each grow at their own end.
    if interface.suffix == '.msg':
        assert fields[:len(frozen)] == frozen
    else:
        assert [name for name in fields if name in frozen] == frozen


def test_the_built_messages_hold_the_values_of_the_dialogue() -> None:
    from streamo_ros.action import Ask
    from streamo_ros.action import WatchFor
    from streamo_ros.dialogue import State
    from streamo_ros.events.answer import AnswerKind
    from streamo_ros.msg import EventRecord
    from streamo_ros.msg import StreamState

    for state in State:
        assert getattr(StreamState, state.name) == state
        assert getattr(WatchFor.Feedback, state.name) == state
    for state in (State.STANDBY, State.RESPONSE):
        assert getattr(EventRecord, state.name) == state
    for kind in AnswerKind:
        assert getattr(Ask.Result, kind.name) == kind


def test_everything_in_the_source_tree_is_installed() -> None:
    from ament_index_python.packages import get_package_prefix

    prefix = Path(get_package_prefix('streamo_ros'))
    [installed] = prefix.glob('lib/python*/site-packages/streamo_ros')
    for source in (ROOT / 'streamo_ros').rglob('*'):
        if source.is_file() and '__pycache__' not in source.parts:
            copy = installed / source.relative_to(ROOT / 'streamo_ros')
            assert copy.exists(), f'{copy} is missing: run `make build`'
            assert copy.read_bytes() == source.read_bytes(), f'{copy} is old: run `make build`'


def entries(path: Path) -> list[str]:
    lines = (line.split('#')[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def locked(path: Path) -> set[str]:
    """Return the names that a lock file pins to one version."""
    names = set()
    for line in entries(path):
        match = re.fullmatch(r'([a-z0-9-]+)==[^ ;]+(?: ; python_version .*)?', line)
        assert match, f'{path.name}: {line!r} does not pin one version'
        names.add(match[1])
    return names


@pytest.mark.parametrize(
    'path', sorted((ROOT / 'requirements').glob('*.txt')), ids=lambda path: path.stem)
def test_every_requirement_is_locked(path: Path) -> None:
    pinned = locked(ROOT / 'requirements.lock')
    if path.with_suffix('.lock').exists():  # those of a ROS 2 distribution have their own
        pinned |= locked(path.with_suffix('.lock'))
    names = {entry.split(' ; python_version ')[0] for entry in entries(path)}
    assert names - pinned == set()


def test_the_common_lock_pins_nothing_of_one_ros_distribution() -> None:
    pinned = locked(ROOT / 'requirements.lock')
    assert {name for name in pinned if name.startswith('ros-')} == {'ros-wheels-bootstrapper'}


def test_type_checkers_of_users_find_the_annotations() -> None:
    assert (ROOT / 'streamo_ros' / 'py.typed').exists()
    assert 'py.typed' in setup_arguments()['package_data']['streamo_ros']


@pytest.mark.parametrize('name', ['CONTRIBUTING.md', 'SECURITY.md'])
def test_the_files_that_a_page_names_are_there(name: str) -> None:
    text = (ROOT / name).read_text()
    paths = re.findall(r'`((?:streamo_ros|test|config|requirements)/[\w/.]*)`', text)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_python_file_opens_with_the_licence_header() -> None:
    header = Path(__file__).read_text().split('\n\n')[0]
    assert 'Licensed under the Apache License, Version 2.0' in header
    folders = ('behaviors', 'docs', 'launch', 'scripts', 'setup', 'streamo_ros', 'test')
    files = [path for folder in folders for path in (ROOT / folder).rglob('*.py')]
    files += [ROOT / 'setup.py', *(ROOT / 'scripts').iterdir()]
    for path in files:
        text = path.read_text().removeprefix('#!/usr/bin/env python3\n')
        assert text.startswith(header), path
