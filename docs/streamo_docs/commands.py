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

"""The command line as Markdown, from the parsers that ``streamo`` itself has."""

import argparse
from collections.abc import Iterator
import re
import textwrap
from typing import Any
from unittest.mock import patch

from streamo_docs.markdown import definition


class _Found(Exception):
    """A parser that was looked for, as it was about to be used."""


def command_parser(*words: str) -> argparse.ArgumentParser:
    """
    Return the parser of a command, such as ``bench engine``.

    :raises SystemExit: when there is no such command
    """
    from streamo_ros.cli.main import main

    parse = argparse.ArgumentParser.parse_known_args

    def find(self: argparse.ArgumentParser, *arguments: Any, **options: Any) -> Any:
        if self.prog.split() == ['streamo', *words]:
            raise _Found(self)
        return parse(self, *arguments, **options)

    # A command's parser is made when its name is given, by the command itself.
    with patch.object(argparse.ArgumentParser, 'parse_known_args', find):
        try:
            main(words)
        except _Found as found:
            return found.args[0]
    raise SystemExit(f'streamo {" ".join(words)} is no command')


def commands_below(parser: argparse.ArgumentParser) -> list[str]:
    """Return the names of a command's own commands."""
    actions = parser._actions
    passes_on = any(action.nargs == argparse.REMAINDER for action in actions)
    return [
        name for action in actions for name in action.choices or ()
        if isinstance(action, argparse._SubParsersAction)
        or passes_on and not action.option_strings]


def command(*words: str) -> str:
    """Return a command as Markdown, and all commands below it."""
    parser = command_parser(*words)
    below = commands_below(parser)
    if not below:
        return '\n\n'.join(_paragraphs(parser))
    return '\n\n'.join([parser.description or '', *(command(*words, name) for name in below)])


def _paragraphs(parser: argparse.ArgumentParser) -> Iterator[str]:
    usage = ' '.join(parser.format_usage().removeprefix('usage: ').split())
    whole = re.sub(r'\[.*?\]', lambda option: option[0].replace(' ', '\0'), usage)
    lines = textwrap.fill(whole, 78, subsequent_indent='    ', break_on_hyphens=False)
    yield '```text\n' + lines.replace('\0', ' ') + '\n```'
    yield parser.description or ''
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
            continue
        names = ', '.join(f'`{name}`' for name in action.option_strings or [_metavar(action)])
        value = f' `{_metavar(action)}`' if action.option_strings and action.nargs != 0 else ''
        yield definition(names + value, _help(parser, action))
    yield parser.epilog or ''


def _metavar(action: argparse.Action) -> str:
    if action.metavar:
        return action.metavar if isinstance(action.metavar, str) else ' '.join(action.metavar)
    if action.choices:
        return '|'.join(str(choice) for choice in action.choices)
    return action.dest.upper()


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return an option's help as it would be printed, with its default."""
    if not action.help:
        return f'Default `{action.default}`.' if action.default is not None else 'No default.'
    text = parser._get_formatter()._expand_help(action)
    text = re.sub(r' \(default: (None|False)\)$', '', text)
    return re.sub(r'([*<])', r'\\\1', text)
