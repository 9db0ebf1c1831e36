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

"""ThinkStream: dialogues with a time to each thing said, with all that is odd in them."""

import json

from imported_records import findings


def said(*messages, mode='Event Trigger', **more):
    return {
        'video_path': 'clip.mp4', 'interaction_mode': mode, 'temporal_scope': 'Future',
        'content_dimension': 'x', 'response_format': 'x', 'conversations': [
            {'role': role, 'content': content, 'timestamp': moment, **(rest[0] if rest else {})}
            for role, content, moment, *rest in messages],
        'thoughts': [{'think': 'It comes.', 'timestamp': 12.0}], **more}


ASKED = ('user', 'Tell me when she sits.', 3.0)


def told(record):
    return ([(asked['content'], asked['time']) for asked in record['question']],
            [(answer['content'], answer['time']) for answer in record['response']])


def test_what_is_said_at_a_time_is_said_in_its_turn(imported, streams):
    records, report = imported('thinkstream', [
        said(ASKED, ('assistant', 'Now  she sits.', 12.5)),
        said(('user', 'Comment.', 0), ('assistant', 'A door.', '0:02'),
             ('assistant', 'A cup ☕.', '00:00:05.5'), ('user', 'Whose?', 7.9),
             ('assistant', 'Mine.', 7.9), mode='Continuous Output'),
        said(('user', 'Which?', 1, {'options': ['a hat', 'a cup']}), ('assistant', 'B', 15.0),
             mode='Real-time Dialogue'),
        said(('user', 'Which?', 1, {'options': ['A. a hat', 'B. a cup']}), ('assistant', 'B', 2),
             mode='real-time dialogue')], durations={'clip.mp4': 15})
    assert findings(report) == []
    assert [told(record) for record in records] == [
        ([('Tell me when she sits.', 4)], [('Now she sits.', 13)]),
        ([('Comment.', 1), ('Whose?', 8)], [('A door.', 3), ('A cup ☕.', 6), ('Mine.', 8)]),
        ([('Which? A. a hat B. a cup Answer with the letter and the option.', 2)], [('B', 15)]),
        ([('Which? A. a hat B. a cup', 2)], [('B', 3)])]
    assert [record['task_type'] for record in records] == ['tsqa', 'narration', 'tsqa', 'tsqa']
    assert [(index, turn) for index, turn in enumerate(streams()[1]) if turn != '</Silence>'] == [
        (2, '</Response> A door.'), (5, '</Response> A cup ☕.'), (7, '</Response> Mine.')]


def test_what_is_odd_is_put_right_or_left_out_and_always_told(imported):
    answer = ('assistant', 'Now.', 5)
    rows = [
        said(ASKED, ('assistant', 'Now.', -1)), said(ASKED, ('assistant', 'Now.', 16), answer),
        said(ASKED, ('assistant', 'Now.', None)), said(ASKED, ('assistant', None, 5)),
        said(ASKED, ('robot', 'Now.', 5)), said(answer, ASKED), said(ASKED, mode='Chat'),
        said(ASKED, mode=None), said(), said(ASKED, conversations=None), said(ASKED, answer),
        said(ASKED, answer), said(('user', 'Which?', 1, {'options': 5}), answer),
        said(ASKED, answer, video_path=None), said(('user', 'Late?', 20)), [],
        said(('user', 'What is <image>?', 1))]
    records, report = imported(
        'thinkstream', '\n'.join(map(json.dumps, rows)), 'a.jsonl', {'clip.mp4': 15})
    assert findings(report) == [
        (0, 'negative-time', 'conversations[1].timestamp'),
        (1, 'outside', 'conversations[1].timestamp'),
        (2, 'bad-record', 'conversations[1].timestamp'),
        (3, 'bad-record', 'conversations[1].content'), (4, 'bad-record', 'conversations[1].role'),
        (5, 'bad-record', 'conversations[0].role'), (6, 'bad-record', 'interaction_mode'),
        (7, 'bad-record', 'interaction_mode'), (8, 'bad-record', 'conversations'),
        (9, 'bad-record', 'conversations'), (11, 'bad-record', ''),
        (12, 'no-options', 'conversations[0].options'), (13, 'bad-record', 'video_path'),
        (14, 'outside', 'conversations[0].timestamp'), (14, 'bad-record', 'conversations'),
        (15, 'bad-record', ''), (16, 'bad-record', 'conversations[0].content')]
    assert [told(record)[1] for record in records] == [
        [('Now.', 1)], [('Now.', 6)], [('Now.', 6)], [('Now.', 6)]]
