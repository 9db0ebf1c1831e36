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

"""What tests look at in raw records and findings."""


def of(records, task, film=None):
    """Return the records of a task, and of a film."""
    return [record for record in records if record['task_type'] == task and (
        film is None or record['video_name'].startswith(film))]


def answers(record):
    """Return the answers with their seconds, as (text, st_time, end_time, time)."""
    return [tuple(answer[name] for name in ('content', 'st_time', 'end_time', 'time'))
            for answer in record['response']]


def spans(record):
    """Return (text, st_time, end_time) of answers to events."""
    assert all(answer['time'] == '' for answer in record['response'])
    return [answer[:3] for answer in answers(record)]


def question(record):
    """Return the only question, as (words, second)."""
    (asked,) = record['question']
    return asked['content'], asked['time']


def findings(report, *left_out):
    """Return (record, kind, field), but for films that are not there."""
    return [
        (item['record'], item['kind'], item['field']) for item in report['findings']
        if item['kind'] not in ('no-video', *left_out)]
