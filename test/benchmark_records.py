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

"""Records of benchmarks in their published forms, made up."""

import json


def write(file, value):
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = isinstance(value, tuple)
    file.write_text(''.join(json.dumps(one) + '\n' for one in value) if lines
                    else json.dumps(value), encoding='utf-8')
    return file


def mvbench(answer='dark', candidates=('dark', 'bright', 'green'), **more):
    return {'video': 'room.mp4', 'question': 'What is it in the end?',
            'candidates': list(candidates), 'answer': answer, **more}


def multi_choice(answer='A. dark', lines=('A. dark', 'B. bright', 'C. green')):
    return {'question': '\n'.join(['What is it in the end?', *lines]), 'answer': answer}


def yes_no(answer='yes'):
    return {'question': 'Does it get dark?', 'answer': answer}


def caption_matching(answer='Option 1: It gets dark.'):
    return {'question': 'Which fits better?\nOption 1: It gets dark.\nOption 2: It gets bright.',
            'answer': answer}


def videomme(index=1, answer='C', **more):
    return {
        'video_id': '001', 'videoID': 'room', 'duration': 'short', 'domain': 'Knowledge',
        'sub_category': 'Law', 'question_id': f'001-{index}', 'task_type': 'OCR Problems',
        'question': 'What is it?', 'options': ['A. red', 'B. green', 'C. dark', 'D. loud'],
        'answer': answer, **more}


def longvideobench(index=0, right=1, candidates=('red', 'dark', 'loud'), **more):
    return {
        'id': f'v_{index}', 'video_path': 'room.mp4', 'duration': 12.0, 'question': 'What is it?',
        'candidates': list(candidates), 'correct_choice': right, 'duration_group': 15,
        'question_category': 'S2E', **more}


def interaction_item(capability='PTR', kind='B', answers=((4.0, 'It is dark.'),), **more):
    return {
        'capability': capability, 'time_type': kind, 'interaction_type': 'INS',
        'range_length': '0-1min', 'sub_tag': None, 'is_negative': False, 'auto_number': False,
        'question': 'Notify me whenever the lights go off.', 'question_time_s': 0,
        'answers': [{'time_s': time, 'content': content} for time, content in answers], **more}


def write_interactionbench(root, *items, video='room.mp4', seconds=12.0):
    write(root / 'annotations' / 'room' / 'v.json', {
        'video_id': 'v', 'domain': 'room', 'video': video, 'duration_s': seconds,
        'items': list(items)})
    return root


def proactive(number=1, spans=((4.0, 8.0),), content='It is dark.', **more):
    return {
        'question_id': f'q{number}', 'video': 'room.mp4', 'duration': 12.0,
        'conversation': [{'role': 'user', 'content': 'Notify me whenever the lights go off.'}],
        'answer': [{'content': content, 'reply_timespan': list(span)} for span in spans], **more}
