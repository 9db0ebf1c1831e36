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

"""What README and docs/ say is there: links, commands, targets, modules, files and figures."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
import re
import shlex
import sys
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from streamo_ros.cli.main import COMMANDS
from streamo_ros.nodes.console.settings import SPECIFICATION as CONSOLE_SPECIFICATION
from streamo_ros.nodes.overlay.node import SPECIFICATION as OVERLAY_SPECIFICATION
from streamo_ros.nodes.parameters import SPECIFICATION

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / 'docs'
README = ROOT / 'README.md'
CARD = ROOT / 'streamo_ros' / 'models' / 'nano' / 'README.md'
PAGES = [
    *sorted(ROOT.glob('*.md')), ROOT / 'behaviors' / 'README.md', CARD,
    *sorted(DOCS.rglob('*.md'))]
CONFIG = (ROOT / 'config' / 'streamo.yaml').read_text()
POLICY = (ROOT / 'config' / 'streamo_policy.xml').read_text()
MADE_BY_GENERATORS = ('streamo_ros.msg', 'streamo_ros.srv', 'streamo_ros.action')

every_page = pytest.mark.parametrize(
    'page', PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def extension(name: str) -> ModuleType:
    """Return a module of the documentation's own extension, which is not installed."""
    sys.path.insert(0, str(DOCS))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(DOCS))


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Yield (language or directive, text) of each fenced block of a page."""
    yield from re.findall(r'^```([^\n]*)\n(.*?)^```$', page.read_text(), re.DOTALL | re.MULTILINE)


def command_lines(page: Path) -> Iterator[str]:
    """Yield what a reader would type, line by line, without comments."""
    for language, text in blocks(page):
        if not language:
            for line in text.replace('\\\n', ' ').splitlines():
                yield re.sub(r'\s+# .*|\$\(.*?\)', ' X', line).strip()


def code_spans(page: Path) -> list[str]:
    """Return what stands between single backticks, on one line each."""
    text = re.sub(r'^```.*?^```$', '', page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [' '.join(span.split()) for span in re.findall(r'(?<!`)`([^`]+)`(?!`)', text)]


def code(page: Path) -> list[str]:
    return [*command_lines(page), *code_spans(page)]


def find_parser(words: list[str]):
    """Return the parser of the command that a line gives, and the words that are left to it."""
    commands = extension('streamo_docs.commands')
    assert words[0] in COMMANDS, f'streamo {words[0]} is no command'
    depth = 1
    parser = commands.command_parser(*words[:depth])
    while depth < len(words) and words[depth] in commands.commands_below(parser):
        depth += 1
        parser = commands.command_parser(*words[:depth])
    return parser, words[depth:]


def test_the_readme_can_be_read_in_one_sitting() -> None:
    assert len(README.read_text().splitlines()) <= 200


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r'\]\(([^)\s]+)\)', page.read_text()):
        parts = urlsplit(target)
        if parts.scheme:
            assert parts.scheme == 'https' and '.' in parts.netloc, target
        elif parts.path:
            assert (page.parent / parts.path).exists(), target


@every_page
def test_every_command_line_is_understood(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # where a parser may make the files that it is to write
    for line in command_lines(page):
        words = shlex.split(line) if line.startswith('streamo ') else []
        if words:
            parser, rest = find_parser(words[1:])
            parser.parse_args(rest)


@every_page
def test_every_command_and_option_in_a_sentence_exists(page: Path) -> None:
    for span in code_spans(page):
        if match := re.match(r'streamo ([a-z].*)', span):
            parser, rest = find_parser(shlex.split(match[1]))
            below = extension('streamo_docs.commands').commands_below(parser)
            assert not below or not rest or rest[0].isupper(), span  # NAME stands for any
            options = {word for word in rest if word.startswith('--')}
            assert options - set(parser._option_string_actions) == set(), span


@every_page
def test_every_make_target_and_variable_exists(page: Path) -> None:
    makefile = (ROOT / 'Makefile').read_text()
    targets = set(re.findall(r'^([\w-]+):', makefile, re.MULTILINE))
    variables = set(re.findall(r'\$\((?:or \$\()?([A-Z]+)', makefile)) | {'PYTHON'}
    for text in code(page):
        for target, arguments in re.findall(r'\bmake (?:-s )?([a-z][\w-]*)([^|]*)', text):
            assert target in targets, text
            assert set(re.findall(r'\b([A-Z]+)=', arguments)) <= variables, text


@every_page
def test_every_module_exists(page: Path) -> None:
    for name in set(re.findall(r'\bstreamo_ros(?:\.\w+)+', page.read_text())):
        if name.startswith(MADE_BY_GENERATORS):
            continue
        parts = name.split('.')
        module, rest = next(
            (file, parts[end:]) for end in range(len(parts), 0, -1)
             for file in (ROOT.joinpath(*parts[:end]).with_suffix('.py'),
                          ROOT.joinpath(*parts[:end], '__init__.py')) if file.is_file())
        assert len(rest) <= 1, f'{name} is no module'
        assert not rest or re.search(rf'\b{rest[0]}\b', module.read_text()), f'no {name}'


@every_page
def test_every_file_that_is_named_exists(page: Path) -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {'build', 'install', 'log'}
    for span in code_spans(page):
        is_type = re.fullmatch(r'streamo_ros/(?:\w+/)?[A-Z]\w+', span)
        if (re.fullmatch(r'[\w./-]+', span) and span.split('/')[0] in folders and '/' in span
                and not is_type):
            assert (ROOT / span).exists(), span


def test_every_file_in_the_drawing_exists() -> None:
    drawing = (DOCS / 'images' / 'architecture.svg').read_text()
    found = re.findall(r'[\w/]+(?:\.py|/(?=[,<]))', ''.join(
        re.findall(r'class="code"[^>]*>[^<]*<', drawing)))
    assert len(found) > 10
    for name in found:
        assert (ROOT / 'streamo_ros' / name).exists(), name


def test_the_readme_shows_the_figures_of_the_one_file() -> None:
    figures = extension('streamo_docs.figures')
    assert len(figures.read_figures()['readme']) == 6
    assert figures.readme_figures() in README.read_text()


def test_every_table_of_figures_is_whole_and_shown() -> None:
    figures = extension('streamo_docs.figures')
    tables = figures.read_figures()['tables']
    for name, one in tables.items():
        assert {len(row) for row in one['rows']} == {len(one['columns'])}, name
    shown = {
        language.split()[1] for page in PAGES for language, _ in blocks(page)
        if language.startswith('{figures}')}
    assert shown == {*tables, 'readme'}


def test_the_page_of_commands_has_every_command() -> None:
    shown = {
        language.split()[1] for language, _ in blocks(DOCS / 'commands.md')
        if language.startswith('{command}')}
    assert shown == set(COMMANDS)


@pytest.mark.parametrize('name', COMMANDS)
def test_a_command_is_shown_with_all_its_options(name: str) -> None:
    commands = extension('streamo_docs.commands')
    shown = commands.command(name)
    for below in commands.commands_below(commands.command_parser(name)) or [None]:
        words = (name, below) if below else (name,)
        for action in commands.command_parser(*words)._actions:
            for option in set(action.option_strings) - {'-h', '--help'}:
                assert f'`{option}`' in shown, (words, option)


@pytest.mark.parametrize(
    'specification', [SPECIFICATION, OVERLAY_SPECIFICATION, CONSOLE_SPECIFICATION])
def test_every_parameter_is_shown_with_its_default(specification) -> None:
    shown = extension('streamo_docs.ros_interface').parameters(specification, CONFIG)
    entries = dict(re.findall(r'^`(\w+)`\n: (.*?)(?=^`|\Z)', shown, re.DOTALL | re.MULTILINE))
    assert entries.keys() == specification.keys()
    for name, parameter in specification.items():
        default = parameter.default
        text = str(default).lower() if isinstance(default, bool) else str(default) or "''"
        assert f'Default `{text}`' in entries[name]


@pytest.mark.parametrize('path', [
    *sorted(ROOT.glob('msg/*.msg')), *sorted(ROOT.glob('srv/*.srv')),
    *sorted(ROOT.glob('action/*.action'))], ids=lambda p: p.name)
def test_every_field_and_constant_of_an_interface_is_shown_and_explained(path: Path) -> None:
    ros_interface = extension('streamo_docs.ros_interface')
    declared = re.findall(
        r'^([a-z][\w/]*(?:\[\])?) (\w+)(=\d+)?$', path.read_text(), re.MULTILINE)
    parts = ros_interface.read_interface(path.read_text())
    fields = [one for part in parts for one in part.fields]
    assert [(one.type, one.name) for one in fields] == [
        (kind, name) for kind, name, constant in declared if not constant]
    assert [f'={constant.value}' for one in fields for constant in one.constants] == [
        constant for *_, constant in declared if constant]
    assert all(one.text for one in fields)
    shown = ros_interface.interface(path.read_text())
    for one in fields:
        assert f'`{one.name}` `{one.type}`' in shown


def test_what_a_constant_means_is_told_from_what_its_field_means() -> None:
    (part,) = extension('streamo_docs.ros_interface').read_interface(
        '# A message.\n\n# What to do.\n# GO: drive\n# on.\n# STOP: stay.\n'
        'uint8 GO=0\nuint8 STOP=1\nuint8 action\n')
    assert part.text == ['A message.']
    (field,) = part.fields
    assert field.text == 'What to do.'
    assert [(one.name, one.value, one.meaning) for one in field.constants] == [
        ('GO', '0', 'drive on.'), ('STOP', '1', 'stay.')]


@pytest.mark.parametrize('node', ['streamo', 'streamo_overlay'])
def test_the_page_explains_each_topic_service_and_action(node: str) -> None:
    ros_interface = extension('streamo_docs.ros_interface')
    content = dict(blocks(DOCS / 'ros_interface.md'))[f'{{ros-topics}} {node}']
    shown = ros_interface.topics(
        node, POLICY, ROOT / 'streamo_ros' / 'nodes', ros_interface.read_topics(content))
    for name in ros_interface.policy_names(node, POLICY):
        assert f'`{name}`' in shown


def test_a_topic_that_the_page_forgets_is_an_error() -> None:
    ros_interface = extension('streamo_docs.ros_interface')
    with pytest.raises(ros_interface.InterfaceError, match='~/state'):
        ros_interface.topics('streamo', POLICY, ROOT / 'streamo_ros' / 'nodes', {})


def test_the_values_of_diagnostics_that_the_page_names_are_published() -> None:
    text = (DOCS / 'ros_interface.md').read_text()
    section = text[text.index('### Diagnostics'):text.index('## Parameters')]
    sources = ''.join(path.read_text() for path in (ROOT / 'streamo_ros' / 'nodes').rglob('*.py'))
    names = set(re.findall(r'`(\w+)`', section))
    assert len(names) > 20
    for name in names:
        assert re.search(rf"'{name}\b", sources), name


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / 'a.html').write_text(
        '<a href="b.html#there">1</a><a href="b.html#not">2</a><a href="c.html">3</a>'
        '<a href="#here">4</a><p id="here"><a href="https://example.org/x">5</a>'
        '<a href="http://example.org">6</a>')
    (tmp_path / 'b.html').write_text('<p id="there"><img src="none.png">')
    found = extension('check_links').broken(tmp_path)
    assert [sentence.split(': ')[1].split()[0] for sentence in found] == [
        'b.html#not', 'c.html', 'http://example.org', 'none.png']
