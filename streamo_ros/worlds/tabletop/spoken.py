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

"""Free words for the tabletop: ``{}`` is the thing, ``{on}`` what it is put on."""

from streamo_ros.worlds.spoken import Speech
from streamo_ros.worlds.tabletop.words import CLAUSES

_ARM = 'the arm|the robot|the gripper|the robot arm|the manipulator|the machine|the hand'

SPOKEN = {
    'arrive': (
        '{} (turns up on the table|is put on the table|is laid on the table|comes in|is delivered'
        '|is set on the table|gets placed on the table|makes it onto the table|drops onto the'
        ' table'
        '|is there on the table|is new on the table|is handed over to the table|comes to lie there'
        '|comes to stand on the table|shows up there|gets there|is dropped on the table)',
        '(someone|somebody|anybody|the arm) (puts {} on the table|adds {}|brings {}|delivers {}'
        '|places {} on the table|sets {} on the table|drops {} on the table)',
        'the table (gets {}|gains {}|is given {})'),
    'fall': (
        '{} (takes a tumble|goes overboard|crashes to the floor|plunges off the table|is lost over'
        ' the edge|hits the floor|lands on the floor|rolls off|slips off the table'
        '|drops|topples off the table|is knocked off the table|falls|comes down from the table'
        '|slides over the edge|tips over the edge|lies on the floor)',
        '(someone|somebody|the arm|anybody) (drops {} on the floor|lets {} fall|knocks {} off)',
        'the table loses {}'),
    'pick_up': (
        f'({_ARM}) (grabs {{}}|takes {{}}|fetches {{}}|gets hold of {{}}|grips {{}} and lifts it'
        '|has {} in its grip|lifts {} off|hoists {}|seizes {}|takes up {}|collects {}|snatches {}'
        '|has picked {} up|holds {} up|raises {} from the table)',
        '{} (is grabbed|gets picked up|is taken from the table|is hoisted|leaves the table in the'
        ' gripper|goes up|is held up|gets lifted|is in the air|is seized|is raised)'),
    'put_down': (
        f'({_ARM}) (puts {{}} back|lays {{}} down|drops off {{}}|lets go of {{}}|places {{}}'
        '|deposits {}|lets {} down|returns {} to the table|is rid of {}|unloads {}|leaves {}'
        ' standing|sets {} back on the table|parks {})',
        '{} (is laid down|is put back|gets put down|is back on the table|is deposited|is let down'
        '|is released|stands on the table again|gets set down|is no longer held)'),
    'stack': (
        f'({_ARM}) (piles {{}} on {{on}}|lays {{}} on {{on}}|heaps {{}} on {{on}}|sets {{}} down'
        ' on'
        ' {on}|balances {} on {on}|builds a tower of {} and {on}|leaves {} on {on})',
        '{} (is piled on {on}|lands on {on}|rests on {on}|stands on top of {on}|comes to lie on'
        ' {on}|ends up on {on}|is laid on {on})', '{on} gets {} on top'),
    'take_away': (
        f'({_ARM}) (removes {{}}|clears {{}} away|goes off with {{}}|makes off with {{}}'
        '|clears {} from the table|carries {} out|takes {} out|takes {} with it|steals {})',
        '{} (is removed|gets carried off|is cleared away|disappears with the arm|is gone with the'
        ' arm|is taken out|gets taken away|is hauled off|is carried out of sight)'),
    'bump': (
        f'({_ARM}) (knocks {{}}|nudges {{}}|runs into {{}}|jostles {{}}|touches {{}} and shifts it'
        '|knocks against {}|collides with {}|shunts {} along|gives {} a push|moves {} by a push'
        '|strikes {}|crashes into {}|brushes {} aside|shoves {} about)',
        '{} (is nudged|gets a push|is knocked aside|gets hit|is shunted along|is jostled'
        '|gets shoved|is shifted by the arm|is knocked about)'),
}
"""More clauses for each kind of event."""

NOUNS = {
    'arrive': ('(a delivery|an arrival) on the table', '{} (arriving|being added|being brought)'),
    'fall': ('(a fall|an accident|a drop from the table)', '{} falling (down|off|to the floor)'),
    'pick_up': ('(a grasp|a lift)', '{} being (lifted|picked up|grasped|taken up)'),
    'put_down': ('(a release|a landing)', '{} being (put down|set down|released|let go)'),
    'stack': ('{} being (stacked|put|piled) on {on}', '{} on top of {on}'),
    'take_away': ('{} being (taken away|carried off|removed by the arm)',),
    'bump': ('(a collision|a bump)', '{} being (bumped|pushed|hit|knocked)'),
}
"""The same as nouns; those without a place for the thing are of any thing."""

REASONS = (
    'the table is not quite level', 'I am tidying up', 'the arm has been clumsy today',
    'I have to keep the inventory', 'the things are fragile', 'we are testing the gripper',
    'this is a demonstration', 'I am counting pieces', 'the customer wants proof',
    'I have to clean the floor afterwards', 'the arm was serviced yesterday')

ABOUT = (
    '{} (is affected|is involved in anything|is touched|has something happen to it|is dealt with'
    '|gets handled|does anything|is the one that something happens to|changes its place'
    '|comes or goes|is handled, dropped or moved)', '(something|anything) (befalls {}|becomes of'
    ' {}'
    '|is done with {}|is done to {})', 'there is (something new|a change|an event) (about|with)'
    ' {}')
"""Any event of one thing."""

ACTING = (
    '(tell me|say|describe|report) (each|every) (move|step|act|action|deed) of the (arm|robot'
    '|gripper'
    '|machine)( as it is done| when it is done| once it is finished|, please|)',
    'what is the (arm|robot) (up to|doing)? (Tell me as it goes on|Report step by step|Keep'
    ' telling'
    ' me)', '(keep track|keep a diary|make a protocol|write a log) of (what the arm has done|the'
            ' work'
    ' of the robot|the deeds of the arm|what the gripper does)',
    '(follow|watch|supervise|observe) the (arm|robot) and (say what it has done|report each act'
    '|tell me after each step what it did|describe its work)',
    '(whenever|each time|as soon as) the (arm|robot) has done something, (say what|tell me what it'
    ' was|describe it)', 'I (want|need|would like) (a report|an account|a list) of what the (arm'
    '|robot'
    '|gripper) does')

QUESTIONS = {
    'count': ('how many (things|objects|items|pieces) (do you see|are there|are left|lie|have we'
              ' got)'
              ' on the table?', '(what is the count|how many are there) of things on the table?',
              '(tell me|say) how many (things|objects|items) there are on the table',
              'how full is the table, in things?'),
    'contents': ('what (do you see|is there|have we got|is left|lies) on the table?',
                 '(tell me|say|list) what (is|lies|there is) on the table',
                 '(list|enumerate|name) (what is on the table|everything on the table)'),
    'holding': ('what has the (arm|robot|gripper) got?', 'what does the (robot|machine) have in'
    ' its'
                ' (hand|grip)?', '(tell me|say) what the (arm|robot|gripper) (is holding|has got'
                '|is carrying)', 'what is the arm carrying?'),
    'held_colour': ('(which|what) colour has the thing that the (arm|robot|gripper) carries?',
                    '(tell me|say) the colour of what the (arm|robot) (holds|has got|carries)',
                    'of what colour is the thing in the hand?'),
    'where': ('where (has {} gone|is {} at the moment|do I find {}|did {} go|do we have {})?',
              '(tell me|say) where {} (is now|can be found|has gone)', 'I am looking for {}. Where'
              ' is it?'),
    'present': ('is {} (there|left|on the table at the moment|still with us on the table)?',
                'do you see {} on the table?', '(tell me|say) whether {} is on the table',
                'has the table got {} on it?'),
    'arm': ('is the (arm|robot|gripper) (there|to be seen|in the frame|in sight)?',
            'do you see (the robot|any of the arm|the gripper)?',
            '(tell me|say) whether the (arm|robot) is in the picture'),
}


def speech(kind: str, things: tuple[str, ...], on: str = 'something') -> Speech:
    """Return the words for a kind of event of things by one of some names."""
    def filled(templates: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            template.replace('{}', thing).replace('{on}', on)
            for template in templates for thing in things)
    nouns = NOUNS[kind] if things[0] in _ANY else tuple(
        noun for noun in NOUNS[kind] if '{}' in noun)
    return Speech(
        filled((*SPOKEN[kind], *CLAUSES[kind].train)), filled(nouns), REASONS,
        never=filled(CLAUSES[kind].test))


_ANY = ('something', 'a new object')
