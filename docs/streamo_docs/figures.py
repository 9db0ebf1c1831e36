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

"""Measured figures, from the one file that holds them: ``docs/figures.yaml``."""

from pathlib import Path
from typing import Any

import yaml

from streamo_docs.markdown import table

FIGURES = Path(__file__).resolve().parent.parent / 'figures.yaml'


def read_figures() -> dict[str, Any]:
    """Return the file; figures are texts, with all their digits."""
    return yaml.load(FIGURES.read_text(encoding='utf-8'), yaml.BaseLoader)


def figures(name: str) -> str:
    """Return one of its tables as Markdown, with how it was measured."""
    one = read_figures()['tables'][name]
    return table(one['columns'], one['rows']) + f'\n*{one["how"].strip()}*\n'


def readme_figures() -> str:
    """Return the figures of the README as Markdown."""
    return table(['figure', 'value', 'measured by'], [
        (one['figure'], one['value'], one['by']) for one in read_figures()['readme']])
