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

"""The directives that put what is generated into pages."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext.autodoc.mock import mock
from sphinx.util.docutils import SphinxDirective

from streamo_docs.commands import command
from streamo_docs.figures import figures
from streamo_docs.figures import readme_figures
from streamo_docs.ros_interface import interface
from streamo_docs.ros_interface import launch_arguments
from streamo_docs.ros_interface import parameters
from streamo_docs.ros_interface import read_topics
from streamo_docs.ros_interface import topics


class _Generated(SphinxDirective):
    """Markdown that is made while the page is read; its argument says of what."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        with mock(self.config.autodoc_mock_imports):
            return self.parse_text_to_nodes(self.markdown(self.arguments[0]))

    def markdown(self, name: str) -> str:
        raise NotImplementedError

    def source(self, path: str) -> str:
        file = self.env.srcdir / '..' / path
        self.env.note_dependency(file)
        return file.read_text(encoding='utf-8')


class RosInterface(_Generated):
    """A file of msg/ or action/."""

    def markdown(self, name: str) -> str:
        return interface(self.source(name))


class RosParameters(_Generated):
    """The parameters that a module's SPECIFICATION declares."""

    def markdown(self, name: str) -> str:
        module = __import__(name, fromlist=['SPECIFICATION'])
        return parameters(module.SPECIFICATION, self.source('config/streamo.yaml'))


class RosTopics(_Generated):
    """A node's topics, services and actions; the content explains each, name by name."""

    def markdown(self, name: str) -> str:
        return topics(
            name, self.source('config/streamo_policy.xml'),
            self.env.srcdir / '..' / 'streamo_ros' / 'nodes',
            read_topics('\n'.join(self.content)))


class LaunchArguments(_Generated):
    """The arguments of a launch file."""

    def markdown(self, name: str) -> str:
        return launch_arguments(self.source(name))


class Command(_Generated):
    """A command of ``streamo``."""

    def markdown(self, name: str) -> str:
        return command(*name.split())


class Figures(_Generated):
    """A table of docs/figures.yaml; ``readme`` for the README's."""

    def markdown(self, name: str) -> str:
        return readme_figures() if name == 'readme' else figures(name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    for name, directive in (
            ('ros-interface', RosInterface), ('ros-parameters', RosParameters),
            ('ros-topics', RosTopics), ('launch-arguments', LaunchArguments),
            ('command', Command), ('figures', Figures)):
        app.add_directive(name, directive)
    return {'parallel_read_safe': True}
