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

"""How Sphinx builds the documentation: `make docs`."""

from pathlib import Path
import sys
from typing import Any
from typing import Union
import xml.etree.ElementTree as ElementTree

from sphinx.ext.autodoc.mock import _MockObject

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / 'docs')]

_package = ElementTree.parse(ROOT / 'package.xml').getroot()
project = _package.findtext('name')
author = _package.findtext('maintainer')
version = release = _package.findtext('version')
copyright = '2026 ' + author  # noqa: A001 - Sphinx asks for this name

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'streamo_docs.directives']
source_suffix = {'.md': 'markdown', '.rst': 'restructuredtext'}
root_doc = 'index'
smartquotes = False
myst_enable_extensions = ['deflist', 'substitution']
myst_heading_anchors = 3

autodoc_mock_imports = [
    'PIL', 'accelerate', 'action_msgs', 'aiohttp', 'ament_index_python', 'av',
    'builtin_interfaces', 'cv2', 'diagnostic_msgs', 'geometry_msgs', 'lifecycle_msgs', 'onnx',
    'onnxruntime', 'peft', 'py_trees', 'pybullet', 'rcl_interfaces', 'rclpy', 'rosbags', 'ruamel',
    'safetensors', 'sensor_msgs', 'skimage', 'sklearn', 'std_msgs', 'std_srvs',
    'streamo_ros.action', 'streamo_ros.msg', 'streamo_ros.srv', 'tf2_ros', 'tokenizers', 'torch',
    'tqdm', 'transformers', 'unique_identifier_msgs']


def _either(one: Any, other: Any) -> Any:
    kinds = (type(kind) if isinstance(kind, _MockObject) else kind for kind in (one, other))
    return Union[tuple(kinds)]  # noqa: UP007 - this is what makes `|`


# Annotations are computed when a module is imported, and mocks as they come know no `A | B`.
_MockObject.__or__ = _either
_MockObject.__ror__ = lambda one, other: _either(other, one)

autodoc_member_order = 'bysource'
autodoc_typehints_format = 'short'
python_maximum_signature_line_length = 80

html_theme = 'furo'
html_title = f'streamo_ros {release}'
html_static_path = ['static']
html_css_files = ['streamo.css']
html_show_sourcelink = html_copy_source = False
# A summary would have to be fetched, which a page that is opened as a file may not.
html_show_search_summary = False
