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

"""Questions on a log of known truth: answered rightly, with their events, or declined."""

import random

from logs import answer
from logs import BOUNDS
from logs import DAY
from logs import LIGHT
from logs import NOW
from logs import ns
from logs import PERSON
from logs import write
from logs import ZONE
import pytest

from streamo_ros.events.answer import AnswerKind
from streamo_ros.events.asking import ask
from streamo_ros.events.event import Gap
from streamo_ros.events.event_log import EventLog
from streamo_ros.events.event_reader import EventReader

COUNT, LIST, WHETHER = AnswerKind.COUNT, AnswerKind.LIST, AnswerKind.YES_NO
FIRST, LAST, DURATION = AnswerKind.FIRST, AnswerKind.LAST, AnswerKind.DURATION
COMPARED, DECLINED = AnswerKind.COMPARISON, AnswerKind.DECLINED
CARS = 'Report every vehicle that arrives or drives away.'


@pytest.fixture(scope='module')
def log(tmp_path_factory):
    with EventReader(write(tmp_path_factory.mktemp('day') / 'log', DAY)) as reader:
        yield reader


def asked(log, question, now=NOW, away=None):
    return ask(log, question, ns(now), ZONE, away and ns(away))


@pytest.mark.parametrize('question, kind, ids, said', [
    ('How often did the light go off since noon?', COUNT, [15], '1 time since 12:00'),
    ('How often did the light go off today?', COUNT, [11, 15], '2 times'),
    ('How many times did the door open?', COUNT, [1, 9, 17], '3 times'),
    ('How often was it dark today?', COUNT, [11, 15], '2 times'),
    ('How many times has someone come in since Monday?', COUNT, [3, 8, 14], '3 times'),
    ('how many times did the lights come on in the past 24 hours', COUNT, [7, 12, 19], '3 times'),
    ('How often did the light go on or off today?', COUNT, [7, 11, 12, 15, 19], '5 times'),
    ('How often did the ball fall off the table between yesterday noon and today 4 pm?',
     COUNT, [5, 16], '2 times'),
    ('Since noon, how often has the light gone off?', COUNT, [15], '1 time'),
    ('How often did the light go off on the front camera?', COUNT, [6, 11, 15], '3 times'),
    ('How often did somebody come in in the last hour?', COUNT, [14], '0 times'),
    ('How many events were there yesterday?', COUNT, [4, 5, 6], '3 times'),
    ('When did somebody last come in?', LAST, [14], '14:02'),
    ('When did the light last go off?', LAST, [15], '14:30'),
    ('Who came in last?', LAST, [14], 'A man entered'),
    ('What was the last thing that happened?', LAST, [19], '16:55'),
    ('How long ago did the light come on?', LAST, [19], '5 min ago'),
    ('How long has it been since the door was last opened?', LAST, [17], '1 h 10 min'),
    ('When was the first time the ball fell off the table?', FIRST, [5], '14:10 yesterday'),
    ('When did the door first open today?', FIRST, [9], '09:40'),
    ('What happened first today?', FIRST, [7], '08:00'),
    ('Did anybody come in this morning?', WHETHER, [8], 'Yes'),
    ('Did the ball fall in the last ten minutes?', WHETHER, [16], 'No'),
    ('Did the ball fall in the last two hours?', WHETHER, [16], 'Yes'),
    ('Did a woman come in after 2 pm?', WHETHER, [8], 'No'),
    ('Did anyone leave before half past three?', WHETHER, [13], 'Yes'),
    ('Was the door opened on Saturday between 10 and 12?', WHETHER, [1], 'Yes'),
    ('Has anyone entered in the past half hour?', WHETHER, [14], 'No'),
    ('Did the door open since the light went off?', WHETHER, [17], 'Yes'),
    ('Did somebody turn the light off?', WHETHER, [15], 'Yes'),
    ('Was the light on at 10?', WHETHER, [7], 'Yes'),
    ('Was the light on at noon?', WHETHER, [11], 'No'),
    ('Was the door open at 4 pm?', WHETHER, [17], 'Yes'),
    ('What happened between 2 and 4 pm?', LIST, [14, 15, 16, 17], '4 events'),
    ('What happened between 2 and 4?', LIST, [14, 15, 16, 17], '14:00 to 16:00'),
    ('What happened yesterday evening?', LIST, [6], 'The light went off'),
    ('What happened yesterday between 2 and 3 pm?', LIST, [5], 'The ball fell'),
    ('What happened between half past nine and quarter to ten?', LIST, [9, 10], '2 events'),
    ('What happened at the weekend?', LIST, [1, 2], '2 events'),
    ('What happened on March 7?', LIST, [1, 2], '2 events'),
    ('What happened at quarter past three?', LIST, [16], '15:15'),
    ("What happened at three o'clock?", LIST, [15], 'Nothing'),
    ('What happened from Monday to Tuesday?', LIST, [3, 4, 5, 6], '4 events'),
    ('What has happened since somebody last came in?', LIST, [15, 16, 17, 18, 19], '5 events'),
    ('What happened after the woman left?', LIST, [14, 15, 16, 17, 18, 19], '6 events'),
    ('I left at 2 pm, what happened since then?', LIST, [14, 15, 16, 17, 18, 19], '6 events'),
    ('I was away from 9 to 11:30. What happened?', LIST, [9, 10, 11], '3 events'),
    ('When did the lamp turn off yesterday?', LIST, [6], '19:30'),
    ('At what time did the man come in today?', LIST, [14], '14:02'),
    ('Who came in today?', LIST, [8, 14], 'A woman walks in'),
    ('What fell off the table?', LIST, [5, 16], '2 events'),
    ('How long was the door open today?', DURATION, [2, 9, 10, 17, 18], '31 min 30 s'),
    ('How long was the light off since noon?', DURATION, [11, 12, 15, 19], '2 h 55 min'),
    ('How long has the light been on?', DURATION, [19], '5 min'),
    ('How long did it take the ball to fall off the table yesterday?', DURATION, [5], '2 s'),
    ('Did the light go off more often than on today?', COMPARED, [7, 11, 12, 15, 19], 'No'),
    ('Did the light go off more often today than yesterday?', COMPARED, [6, 11, 15], 'Yes'),
    ('Did the door open more often than it closed?', COMPARED, [1, 2, 9, 10, 17, 18], 'equally'),
    ('Did the light go off more often today or yesterday?', COMPARED, [6, 11, 15], 'Today'),
    ('Is the light on?', WHETHER, [19], 'Yes, as far as is logged, since 16:55'),
    ('Is the door still open?', WHETHER, [18], 'No'),
    ('Since when has the light been on?', DURATION, [19], '5 min'),
    ('How many people came in today?', COUNT, [8, 14], '2 in 2 events'),
    ('Did nobody come in today?', WHETHER, [8, 14], 'No, it did 2 times'),
    ('Was it quiet yesterday evening?', WHETHER, [6], 'No'),
    ('Did somebody turn the light on today?', WHETHER, [19], 'Yes'),
    ('When did the light go off for the second time today?', LIST, [15], '14:30'),
    ('Did the light go off twice today?', WHETHER, [11, 15], 'Yes, it was 2 times'),
    ('Did the light go off more than twice today?', WHETHER, [11, 15], 'No'),
    ('Did the door open at least three times this week?', WHETHER, [9, 17], 'No'),
    ('How often per hour did the door open since 8?', COUNT, [9, 17], '0.222 times a hour'),
    ('What were the last two events?', LIST, [18, 19], '2 events'),
    ('Which day had the most events?', LIST, [*range(7, 20)], '2026-03-11'),
    ('When was the door closed after it opened at 15:50?', LIST, [18], '16:20'),
    ('How long was it between the man entering and the door opening this afternoon?',
     DURATION, [14, 17], '1 h 48 min'),
    ('I was in town. How often did the light go off since noon? Just the number.',
     COUNT, [15], '1 time'),
    ('Yesterday evening I was out. Did the light go off?', WHETHER, [6], 'Yes'),
    ('how otfen did the ligth go off today', COUNT, [11, 15], '2 times'),
    ("Didn't the ball fall today?", WHETHER, [16], 'Yes'),
    ('What happened from nine to half past ten?', LIST, [9, 10], '2 events'),
])
def test_a_question_is_answered_from_its_events(log, question, kind, ids, said):
    given = asked(log, question)
    assert (given.kind, list(given.event_ids)) == (kind, ids), given.text
    assert said in given.text


@pytest.mark.parametrize('question', [
    '', '?', 'and', 'Why did the light go off?', 'Where is the ball?',
    'Did the man turn off the light?',
    'How often did the man leave?',
    'When did the dog bark?', 'How often did the red ball fall?', 'How often did it go off?',
    'How often did it happen?', 'What happened tomorrow?', 'What happened tonight?',
    'What happened last night?', 'What happened ten minutes ago?', 'What happened recently?',
    'Did the light go on around noon?', 'Was the ball on the table?', 'Did I come in today?',
    'Was the light turned off before or after the ball fell?', 'What was the man doing at 2?',
    'Did somebody come in after the light went off?', 'Has the light been off since 3 pm?',
    'How often did the light go off on the rear camera?', 'What happened since breakfast?',
    'Did the door and the window open?', 'How often does the door usually open per day?',
    'Was the door open at 9:41?', 'What happened while I was away?', 'x' * 10_000,
    'How long was the woman in the room?', 'Did the light go off at 30:99?',
    'What happened on 2026-02-31?', 'What happened 99999999999999999999 years ago?',
    'What happened in the last 9999 years?', "'; drop table events; --",
])
def test_what_is_not_certain_is_declined_with_what_the_log_holds(log, question):
    given = asked(log, question)
    assert given.kind is AnswerKind.DECLINED, given.text
    assert 'The log holds' in given.text and 'cannot answer' in given.text


def test_while_i_was_away_begins_when_the_asker_says(log):
    given = asked(log, 'What happened while I was away?', away='2026-03-11 14:00:00')
    assert list(given.event_ids) == [14, 15, 16, 17, 18, 19]
    given = asked(log, 'Did I miss anything?', away='2026-03-11 16:56:00')
    assert (given.kind, list(given.event_ids)) == (WHETHER, [19])
    assert given.text.startswith('No')


def test_a_zone_that_is_not_known_and_a_clock_that_does_not_run_are_told(log):
    assert 'Nowhere/Land' in ask(log, 'What happened today?', ns(NOW), 'Nowhere/Land').text
    assert ask(log, 'What happened today?', 0, ZONE).kind is AnswerKind.DECLINED


def test_the_day_begins_where_the_asker_is(log):
    now = ns('2026-03-11 08:30:00')
    assert ask(log, 'What happened today?', now, 'Europe/Berlin').event_ids == (7, 8)
    # There it is the evening of the day before.
    assert ask(log, 'What happened today?', now, 'Pacific/Honolulu').event_ids == (5, 6, 7, 8)


def test_summer_time_is_heeded(tmp_path):
    folder = write(tmp_path / 'log', [
        ('2026-03-28 23:30:00', LIGHT, 'The light went off.'),
        ('2026-03-29 03:30:00', LIGHT, 'The light went on.')])
    with EventReader(folder) as log:
        given = asked(log, 'What happened since midnight?', now='2026-03-29 09:00:00')
        assert list(given.event_ids) == [2]
        given = asked(log, 'What happened in the last 6 hours?', now='2026-03-29 09:00:00')
        assert list(given.event_ids) == [2]


@pytest.mark.parametrize('entries, question', [
    ([('2026-03-11 10:00:00', PERSON, 'Somebody came in.')], 'Did a man come in today?'),
    ([('2026-03-11 10:00:00', LIGHT, 'Yes.')], 'How often did the light go off?'),
    ([('2026-03-11 02:00:00', LIGHT, 'The light went off.')],
     'How often did the light go off this morning?'),
    ([('2026-03-11 10:00:00', 'Tell me when the ball moves.',
       'The ball moved from left to right.')],
     'Did the ball move from right to left?'),
    ([('2026-03-11 10:00:00', LIGHT, 'The light went off.'),
      ('2026-03-11 10:00:03', 'Tell me when it gets dark.', 'It is dark now.')],
     'How often did the light go off today?'),
    ([('2026-03-11 10:00:00', 'Tell me about bites.', 'The dog bit the man.')],
     'Did the man bite the dog?'),
    ([('2026-03-11 10:00:00', 'Tell me when the door or the window opens.', 'It opened.')],
     'How often did the door open?'),
])
def test_an_entry_that_may_be_meant_or_not_declines_the_question(tmp_path, entries, question):
    with EventReader(write(tmp_path / 'log', entries)) as log:
        assert asked(log, question).kind is AnswerKind.DECLINED, asked(log, question).text


@pytest.mark.parametrize('text, question, found', [
    ('A cup fell off the table.', 'Did the ball fall off the table?', False),
    ('The lamp is out.', 'Did the light go off?', True),
    ('A lorry drives past.', 'Did a vehicle pass?', True),
    ('The alarm went off.', 'Did the alarm go off?', True),
    ('The alarm went off.', 'Did the alarm sound?', True),
    ('Someone picks the box up.', 'Did anybody pick up the box?', True),
    ('The blue ball fell.', 'Did the red ball fall?', False),
    ('A puppy came in through the door.', 'Did a dog come in?', True),
])
def test_words_that_mean_the_same_are_one_and_those_that_exclude_are_not(
        tmp_path, text, question, found):
    about = 'Tell me what happens.'
    with EventReader(write(tmp_path / 'log', [
            ('2026-03-11 10:00:00', about, text),
            ('2026-03-10 10:00:00', about, 'The red ball fell off the table.')])) as log:
        given = asked(log, question)
    if found:
        assert (given.kind, given.event_ids) == (WHETHER, (1,)), given.text
    else:
        assert 1 not in given.event_ids or given.kind is AnswerKind.DECLINED, given.text


YARD = [
    ('2026-03-10 17:30:00', PERSON, 'A courier came in.', 'door'),
    ('2026-03-10 17:35:00', PERSON, 'A courier left.', 'door'),
    ('2026-03-11 01:30:00', LIGHT, 'The light went off.', 'hall'),
    ('2026-03-11 09:00:00', CARS, 'A white van arrived.', 'yard'),
    ('2026-03-11 09:30:00', CARS, 'The white van drove away.', 'yard'),
    ('2026-03-11 10:00:00', PERSON, 'A man left.', 'door'),
    ('2026-03-11 11:00:00', CARS, 'A white van arrived.', 'yard'),
]


@pytest.mark.parametrize('question, kind, ids', [
    ('How often did the white van come today?', COUNT, [4, 7]),
    ('How often did a van show up today?', COUNT, [4, 7]),
    ('When did the courier come?', LIST, [1]),
    ('Who came in last?', LAST, [1]),
    ('How often did somebody leave after 5 pm yesterday?', DECLINED, []),
    ('How often did somebody leave since 5 pm yesterday?', COUNT, [2, 6]),
    ('Show me everything from last night between 1 and 2.', LIST, [3]),
    ('Show me everything from yesterday', DECLINED, []),
    ('Show me everything from yesterday on', LIST, [*range(1, 8)]),
    ('What happened after the courier left yesterday?', DECLINED, []),
    ('What arrived?', DECLINED, []),
    ('Has the white van left again?', DECLINED, []),
    ('Did the postman come in?', DECLINED, []),
])
def test_what_may_be_meant_otherwise_is_told_apart_or_declined(tmp_path, question, kind, ids):
    with EventReader(write(tmp_path / 'log', YARD)) as log:
        given = asked(log, question)
    assert given.kind is kind, given.text
    if kind is not DECLINED:
        assert list(given.event_ids) == ids, given.text


HOUSE = [
    ('2026-03-11 08:00:00', PERSON, 'Two guests came in.', 'front_door'),
    ('2026-03-11 08:30:00', 'Tell me when the kettle boils.', 'The kettle is boiling.', 'kitchen'),
    ('2026-03-11 08:40:00', 'Tell me when the kettle boils.',
     'The kettle was filled, but nobody switched it on.', 'kitchen'),
    ('2026-03-11 09:00:00', LIGHT, 'The light was switched off.', 'kitchen'),
    ('2026-03-11 09:30:00', PERSON, 'A courier rang. He did not come in.', 'front_door'),
    ('2026-03-11 10:00:00', PERSON, 'A man in a dark coat came in.', 'front_door'),
    ('2026-03-11 10:20:00', PERSON, 'A man left.', 'front_door'),
    ('2026-03-11 11:00:00', 'Watch out for the dog.', 'A dog lies on the mat.', 'front_door'),
]


@pytest.mark.parametrize('question, kind, ids, said', [
    ('How many guests came in today?', COUNT, [1], '2 in 1 event'),
    ('How many people came in through the front door today?', COUNT, [1, 6], '3 in 2 events'),
    ('How often did the kettle boil today?', COUNT, [2], '1 time'),
    ('How often did the light go off today?', COUNT, [4], '1 time'),
    ('Did somebody switch the kitchen light off this morning?', WHETHER, [4], 'Yes'),
    ('What happened in the kitchen today?', LIST, [2, 3, 4], '3 events'),
    ('Which camera saw the dog?', LIST, [8], 'Camera front_door'),
    ('When did the dog show up?', LIST, [8], '11:00'),
    ('Did a dog come by yesterday?', WHETHER, [], 'No'),
    ('Which camera had the most events today?', LIST, [1, 5, 6, 7, 8], 'front_door'),
    ('Did more happen at the front door or in the kitchen?', AnswerKind.DECLINED, [], ''),
    ('Who came?', AnswerKind.DECLINED, [], ''),
    ('How often was the dog running today?', AnswerKind.DECLINED, [], ''),
    ('How often was there water today?', AnswerKind.DECLINED, [], ''),
    ('Did the bell fall?', AnswerKind.DECLINED, [], ''),
])
def test_places_numbers_and_denials_are_understood_or_declined(
        tmp_path, question, kind, ids, said):
    with EventReader(write(tmp_path / 'log', HOUSE)) as log:
        given = asked(log, question)
    assert given.kind is kind, given.text
    if kind is not AnswerKind.DECLINED:
        assert (list(given.event_ids), said in given.text) == (ids, True), given.text


def test_events_of_several_cameras_are_told_apart(tmp_path):
    with EventReader(write(tmp_path / 'log', [
            ('2026-03-11 10:00:00', LIGHT, 'The light went off.', 'front'),
            ('2026-03-11 10:00:01', LIGHT, 'The light went off.', 'rear')])) as log:
        given = asked(log, 'How often did the light go off?')
        assert '1 by camera front, 1 by camera rear' in given.text
        given = asked(log, 'How often did the light go off on the rear camera?')
        assert (given.kind, given.event_ids) == (COUNT, (2,))


def test_times_are_declined_where_frames_have_another_clock(tmp_path):
    with EventLog(tmp_path / 'log', BOUNDS) as log:
        old = answer('2025-01-01 10:00:00', LIGHT, 'The light went off.')
        log.add([(type(old)(**{**vars(old), 'logged': ns(NOW)}), ())])
    with EventReader(tmp_path / 'log') as log:
        assert asked(log, 'How often did the light go off today?').kind is AnswerKind.DECLINED
        assert asked(log, 'How often did the light go off?').event_ids == (1,)


def test_an_answer_says_what_could_not_be_logged_and_what_was_removed(tmp_path):
    with EventLog(tmp_path / 'log', BOUNDS) as log:
        log.add([(answer(*DAY[10]), ())], Gap(ns(DAY[9][0]), ns(DAY[9][0]), 3))
    with EventReader(tmp_path / 'log') as log:
        assert '3 events of about that time could not be logged' in asked(
            log, 'How often did the light go off today?').text
        assert '3 events' not in asked(log, 'How often did the light go off since 11?').text


def test_no_words_whatever_break_the_planner(log):
    rng = random.Random(0)
    words = ('how often many long when did was the light ball door somebody go off on open since '
             'between and noon 2 4 pm 14:30 yesterday monday last first ten minutes ago before '
             'after today more than a at half past in to i away from 99999999999 , ? week month '
             'year 2026-13-45 march 32 camera front nobody it until of while').split()
    for _ in range(400):
        question = ' '.join(rng.choice(words) for _ in range(rng.randrange(1, 14)))
        given = asked(log, question, away='2026-03-11 14:00:00')
        assert given.text and set(given.event_ids) <= set(range(1, 20)), question


def test_what_the_log_holds_of_later_times_is_left_out(log):
    for question, ids in (
            ('When did the light last go off?', (11,)), ('How often was it dark today?', (11,)),
            ('How long ago did the light go off?', (11,))):
        assert asked(log, question, now='2026-03-11 13:00:00').event_ids == ids
