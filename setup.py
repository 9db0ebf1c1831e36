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
Metadata and console scripts of the Python half.

colcon does not read this file: package.xml and CMakeLists.txt build the ROS package, messages
included. It serves `pip install .` where only the engine and `streamo` are wanted, without ROS.
"""

from setuptools import find_packages
from setuptools import setup

setup(
    name='streamo_ros',
    version='0.1.0',
    description='Continuous video understanding for robots with a streaming video language model',
    maintainer='The streamo_ros contributors',
    maintainer_email='maintainers@streamo-ros.example',
    license='Apache-2.0',
    packages=find_packages(include=['streamo_ros', 'streamo_ros.*']),
    package_data={
        'streamo_ros': ['py.typed'],
        'streamo_ros.annotate': ['page/*'],
        'streamo_ros.serving': ['page/*'],
        'streamo_ros.evaluation.pages': ['page.html'],
        'streamo_ros.models': ['nano/*', 'small/*'],
        'streamo_ros.nodes.console': ['page/*'],
        'streamo_ros.studies': [
            'blind_questions.json', 'film_annotations.json', 'stranger_phrasings.json'],
        'streamo_ros.web': ['page/*'],
        'streamo_ros.worlds.composite': ['kinds.txt']},
    python_requires='>=3.10',
    install_requires=[
        'apsw',
        'av',
        'ml-dtypes',
        'numpy',
        'onnx',
        'onnxruntime',
        'opencv-python-headless',
        'pillow',
        'rosbags',
        'ruamel-yaml',
        'safetensors',
        'tokenizers',
        'tqdm',
    ],
    extras_require={
        'behaviors': ['py-trees'],
        'bench': ['matplotlib', 'torch', 'transformers'],
        'console': ['aiohttp'],
        'parquet': ['pyarrow'],
        'ray': ['ray'],
        'remote': ['aiohttp'],
        'serve': ['fastapi', 'prometheus-client', 'ray', 'uvicorn', 'websockets'],
        'structured': ['llguidance'],
        'torch': ['torch'],
        'train': [
            'accelerate', 'peft', 'pybullet', 'scikit-image', 'scikit-learn', 'tensorboard',
            'torch', 'transformers'],
    },
    entry_points={
        'console_scripts': [
            'camera_node = streamo_ros.nodes.camera_node:main',
            'console = streamo_ros.nodes.console.main:main',
            'overlay_node = streamo_ros.nodes.overlay.node:main',
            'streamo = streamo_ros.cli.main:main',
            'streamo_node = streamo_ros.nodes.streamo_node:main',
        ],
    },
    zip_safe=False,
)
