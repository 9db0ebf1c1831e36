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
Checks the links of a built site: `python docs/check_links.py FOLDER`.

A link within the site must lead to a file, and to a place in it where it names one. A link to
elsewhere is only held to its form, since the site may be built without a network.
"""

from html.parser import HTMLParser
from pathlib import Path
import sys
from urllib.parse import unquote
from urllib.parse import urlsplit

LINKS = {'a': 'href', 'img': 'src', 'link': 'href', 'script': 'src'}


class Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(file.read_text(encoding='utf-8'))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag's link and its place."""
        values = dict(attrs)
        self.places |= {values[name] or '' for name in ('id', 'name') if name in values}
        if link := values.get(LINKS.get(tag, '')):
            self.links.append(link)


def broken(folder: Path) -> list[str]:
    """Return a sentence for each link that leads nowhere."""
    folder = folder.resolve()
    pages = {file: Page(file) for file in sorted(folder.rglob('*.html'))}
    found = []
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if parts.scheme not in ('https', 'mailto', 'data') or ' ' in link:
                    found.append(f'{file.relative_to(folder)}: {link} has no form of a link')
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not target.is_file():
                found.append(f'{file.relative_to(folder)}: {link} leads to no file')
            elif parts.fragment and unquote(parts.fragment) not in pages[target].places:
                found.append(f'{file.relative_to(folder)}: {link} leads to no place in the page')
    return found


def main() -> int:
    """Print what is broken; return 1 if anything is."""
    found = broken(Path(sys.argv[1]))
    print('\n'.join(found), end='\n' if found else '', file=sys.stderr)
    return int(bool(found))


if __name__ == '__main__':
    sys.exit(main())
