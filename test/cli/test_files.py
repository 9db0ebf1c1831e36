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
Files that commands are given are judged before the work: no pipe is waited for, no run in vain.

Both over every argument of every command, as its parser has them.
"""

import argparse
from contextlib import contextmanager
from importlib import import_module
import json
import os
from pathlib import Path
import threading

import pytest

from streamo_ros.cli.files import WRITTEN
from streamo_ros.cli.main import COMMANDS
from streamo_ros.cli.main import main
from streamo_ros.cli.study import STUDIES
from streamo_ros.evaluation.benchmarks.fields import load_lines
from streamo_ros.sources.film import open_container

PATIENCE_S = 20.0
TEXTS = {'host', 'instruction', 'choice', 'question', 'nodes', 'ray', 'options', 'benchmarks'}
"""Arguments in words that name no file."""


def parsers():
    """Yield (words, parser) of all commands and studies."""
    for name in COMMANDS:
        parser = argparse.ArgumentParser()
        import_module(f'streamo_ros.cli.{name}').add_parser(parser.add_subparsers())
        yield from below(parser, [])
    for name in STUDIES:
        if name != 'ablation':  # it needs torch to tell its options
            parser = argparse.ArgumentParser()
            import_module(f'streamo_ros.studies.{name.replace("-", "_")}').add_arguments(parser)
            yield ['study', name], parser


def below(parser, words):
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, its in action.choices.items():
                yield from below(its, [*words, name])
            return
    if words != ['study']:
        yield words, parser


def names_a_file(action):
    return action.dest not in TEXTS and not action.choices and (
        action.type is Path or action.type is None and action.nargs != 0)


def command_line(words, parser, tried, value):
    """Return a command with this value of one argument, and of the others what must be given."""
    line = [*words]
    needed = [action for action in parser._actions if action.required] + [
        group._group_actions[0] for group in parser._mutually_exclusive_groups
        if group.required and tried not in group._group_actions]
    for action in parser._actions:
        if action is tried:
            given = value
        elif action in needed:
            given = [*action.choices][0] if action.choices else 'missing'
        else:
            continue
        line += [*action.option_strings[:1], *[given] * (
            action.nargs if isinstance(action.nargs, int) else 1)]
    return line


def rows(wanted):
    for words, parser in parsers():
        for action in parser._actions:
            if names_a_file(action) and wanted(action.dest):
                yield pytest.param(
                    words, parser, action, id=f'{" ".join(words)} {action.dest}')


every_input = pytest.mark.parametrize(
    'words, parser, action', [*rows(lambda name: name not in WRITTEN)])
every_figures = pytest.mark.parametrize(
    'words, parser, action', [*rows(lambda name: name == 'json')])


@contextmanager
def nobody_waits(pipe):
    """Have whoever waits for a writer go on after a while, which is a failure."""
    waited = []

    def release():
        waited.append(True)
        os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))

    timer = threading.Timer(PATIENCE_S, release)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
    assert not waited


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo('pipe')
    return Path('pipe')


@every_input
def test_a_pipe_without_end_is_refused_in_a_sentence(words, parser, action, pipe, capsys):
    with nobody_waits(pipe):
        assert main(command_line(words, parser, action, 'pipe')) == 1
    sentence, = capsys.readouterr().err.splitlines()
    assert 'pipe is a pipe, and nobody may ever write to it' in sentence


def test_neither_is_one_waited_for_that_lies_in_a_folder(pipe, tmp_path, capsys):
    for name in ('before', 'after'):
        (tmp_path / name).mkdir()
        os.mkfifo(tmp_path / name / 'report.json')
        with nobody_waits(tmp_path / name / 'report.json'):
            assert main(['evaluate', '--compare', 'before', 'after']) == 1
            assert main(['benchmark', 'summary', 'before', '--out', 'page.html']) == 1
    assert capsys.readouterr().err.count('is a pipe') == 4
    with nobody_waits(pipe):
        for read in (open_container, load_lines):
            with pytest.raises(Exception, match='is a pipe'):
                read(pipe)


def test_what_the_shell_hands_on_is_read(tmp_path, capsys):
    reader, writer = os.pipe()
    try:
        os.write(writer, b'[]')
        os.close(writer)
        assert main(['convert', f'/dev/fd/{reader}', str(tmp_path / 'out.json')]) == 1
    finally:
        os.close(reader)
    assert 'is a pipe' not in capsys.readouterr().err


@every_figures
def test_where_figures_go_is_judged_before_the_work(
        words, parser, action, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path('foreign').write_text('of somebody else')
    for target, reason in (('foreign', 'was not written by this command'),
                           ('nowhere/figures', 'is no folder'), ('.', 'is a folder')):
        assert main(command_line(words, parser, action, target)) == 1
        sentence, = capsys.readouterr().err.splitlines()
        assert sentence.startswith(f'streamo: {target} ') and reason in sentence
    assert sorted(os.listdir()) == ['foreign']
    assert Path('foreign').read_text() == 'of somebody else'


def test_figures_may_go_into_the_folder_that_a_run_makes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path('bag').mkdir()
    run = ['evaluate', 'bag', '--out', 'new', '--json', 'new/figures.json']
    assert main(run) == 1
    assert 'figures.json' not in capsys.readouterr().err  # what is wrong is the bag
    assert json.loads(Path('new/figures.json').read_text())
