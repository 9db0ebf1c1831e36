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
The words of the tabletop: what events are called, how they are told, what is asked.

A clause has a place for the thing: 'something', or one by its name. Phrasings are split: those of
the test split are never trained on, but their words are.
"""

from collections.abc import Sequence
import itertools

from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import KINDS
from streamo_ros.worlds.phrases import Phrases

TELLING = {
    'arrive': '{a} came onto the table.',
    'fall': 'The {} fell off the table.',
    'pick_up': 'The arm picked up the {}.',
    'put_down': 'The arm put down the {}.',
    'stack': 'The arm put the {} on the {on}.',
    'take_away': 'The arm took the {} away.',
    'bump': 'The arm bumped the {}.',
    'push_off': 'The arm pushed the {} off the table.',
}
"""What is said of an event; 'push_off' where the arm's acts are told, of a fall that it caused."""

ANYTHING = ('something', 'an object', 'anything', 'a thing')
NEW = ('a new object', 'something new', 'another object', 'a new thing')
"""Things unnamed; those that arrive must be told from those that are only put elsewhere."""

CLAUSES = {
    'arrive': Phrases(
        ('{} comes onto the table', '{} lands on the table', '{} is added to the table',
         '{} appears on the table', '{} arrives on the table', '{} gets onto the table',
         '{} shows up on the table', '{} comes down on the table', 'the table receives {}',
         '{} is brought to the table', '{} joins what is on the table', '{} comes to the table',
         '{} is placed on the table from outside', '{} enters the table',
         '{} arrives and stays on the table'),
        ('{} arrives from outside', '{} comes down onto the table',
         '{} is brought onto the table')),
    'fall': Phrases(
        ('{} falls off the table', '{} falls from the table', '{} drops off the table',
         '{} goes over the edge of the table', '{} falls down from the table',
         '{} falls to the floor', '{} drops to the floor', '{} falls over the edge',
         '{} goes down over the edge', '{} comes off the table and falls',
         '{} tumbles off the table', '{} drops from the table', '{} leaves the table by falling',
         '{} falls down', 'the table loses {} over the edge', '{} ends up on the floor'),
        ('{} drops over the edge of the table', '{} falls off the edge',
         '{} goes down to the floor')),
    'pick_up': Phrases(
        ('the arm picks up {}', 'the arm lifts {}', 'the gripper picks up {}',
         'the robot picks up {}', '{} is picked up', '{} is lifted', 'the robot arm lifts {}',
         'the arm takes {} up', 'the gripper lifts {} off the table', '{} is taken up by the arm',
         'the robot lifts {} up', 'the arm raises {}', '{} is raised by the gripper',
         'the gripper grasps {} and lifts it', '{} is picked up by the robot',
         'the robot arm takes hold of {} and lifts it'),
        ('the robot arm picks up {}', '{} is lifted by the gripper', 'the arm lifts {} up')),
    'put_down': Phrases(
        ('the arm puts down {}', 'the arm sets down {}', 'the gripper puts down {}',
         'the robot puts {} down', '{} is put down', '{} is set down', 'the robot arm places {}',
         'the arm lowers {} and lets it go', 'the gripper releases {}', '{} is let go by the arm',
         'the robot sets {} down', 'the arm releases {}', '{} is placed by the gripper',
         'the gripper lowers {} and releases it', '{} is put down by the robot',
         'the robot arm lets {} go'),
        ('the robot arm puts down {}', '{} is set down by the gripper', 'the robot releases {}')),
    'stack': Phrases(
        ('the arm puts {} on {on}', 'the arm stacks {} on {on}', 'the robot puts {} onto {on}',
         '{} is stacked on {on}', '{} is put on {on}', 'the gripper places {} on {on}',
         'the robot arm sets {} on {on}', '{} is placed on top of {on}',
         'the arm places {} on top of {on}', '{} comes to stand on {on}',
         'the robot stacks {} onto {on}', '{} is set on top of {on}',
         'the gripper puts {} on top of {on}', '{} gets stacked onto {on}',
         'the robot arm builds a stack of {} on {on}'),
        ('the robot puts {} on top of {on}', '{} is stacked onto {on}',
         'the gripper stacks {} on {on}')),
    'take_away': Phrases(
        ('the arm takes {} away', 'the arm carries {} away', 'the robot takes {} away',
         '{} is taken away', '{} is carried away', 'the gripper carries {} out of view',
         'the robot arm takes {} out of view', '{} is carried out of the frame',
         'the arm moves {} out of view', '{} is carried out of the picture',
         'the robot leaves the view with {}', '{} is taken out of view by the arm',
         'the gripper takes {} out of the picture', 'the robot carries {} off',
         '{} is moved out of view'),
        ('the robot carries {} away', '{} is taken out of the picture',
         'the arm carries {} out of view')),
    'bump': Phrases(
        ('the arm bumps {}', 'the arm bumps into {}', 'the arm pushes {} across the table',
         'the robot pushes {} aside', '{} is bumped', '{} is pushed aside',
         'the robot arm shoves {}', '{} gets bumped by the arm', 'the gripper pushes {}',
         '{} is shoved by the robot', 'the robot bumps {}', 'the gripper hits {}',
         'the arm hits {} so that it moves', '{} is pushed by the arm',
         'the hand of the robot bumps {}'),
        ('the robot arm bumps {}', '{} is pushed by the robot', 'the gripper bumps into {}')),
}
"""What an instruction calls an event, by kind; {} is the thing, {on} what it is put on."""

NAMED = Phrases(
    ('anything happens to {}', 'something happens to {}', '{} comes, goes or is moved',
     'there is any change with {}', 'there is news of {}', 'something changes with {}',
     '{} goes anywhere or comes back', 'anything changes for {}', 'the place of {} changes',
     '{} does not stay where it is', '{} moves or is moved', 'any event concerns {}'),
    ('anything changes with {}', 'something changes for {}', '{} moves or goes anywhere'))
"""Any event of one thing, by its name."""

ACT = Phrases(
    ('Describe what the arm does, step by step.', 'Tell me each step of the robot.',
     'Say what the robot arm does.', 'Caption each action of the arm.',
     'List the actions of the robot as they are done.', 'Report every action of the arm.',
     'Describe each action once it is done.', 'What does the arm do, one action after another?',
     'Follow the arm and tell me its actions.', 'Give a sentence for each step of the arm.',
     'Tell me what the robot does, action by action.', 'Describe the actions of the gripper.',
     'Keep a log of what the arm does.', 'Locate and describe the steps of the robot.',
     'Watch the arm and say each thing that it does.', 'Name every step of the robot arm.',
     'Please describe the work of the arm step by step.', 'Note each action as it is finished.',
     'Tell me whenever the arm has done something, and what.',
     'Write down the steps that the robot takes.', 'Report the steps of the arm, one by one.',
     'I want to know every action of the robot arm.'),
    ('Describe every step of the robot arm.', 'Tell me the actions of the arm, one by one.',
     'Follow the robot and report each thing that it does.',
     'Say what the gripper does, step by step.'))

QUESTIONS = {
    'count': Phrases(
        ('How many objects are on the table?', 'How many things are on the table?',
         'How many objects stand on the table?', 'What is the number of objects on the table?',
         'How many things does the table carry?', 'Count the objects on the table.'),
        ('How many things stand on the table?', 'What is the number of things on the table?')),
    'contents': Phrases(
        ('What is on the table?', 'What stands on the table?', 'Which objects are on the table?',
         'Which things are on the table?', 'Name the objects on the table.',
         'What can be seen on the table?', 'Which things stand on the table?'),
        ('Which objects stand on the table?', 'Name the things on the table.')),
    'holding': Phrases(
        ('What is the arm holding?', 'What does the arm hold?', 'What is in the gripper?',
         'What is the robot holding?', 'Which object does the gripper hold?',
         'What is in the hand of the robot?'),
        ('What is the gripper holding?', 'Which object is the arm holding?')),
    'held_colour': Phrases(
        ('What colour is the object held by the arm?', 'What colour is the thing in the gripper?',
         'What colour does the held object have?',
         'Which colour is the object that the arm holds?',
         'What is the colour of the object in the gripper?',
         'The arm holds something. What colour is it?'),
        ('What colour is the object in the gripper?',
         'What is the colour of the thing that the arm holds?')),
    'where': Phrases(
        ('Where is {}?', 'Where is {} now?', 'Where can {} be found?', 'In what place is {}?',
         'Where does {} stand?', 'Tell me where {} is.'),
        ('Where can {} be found now?', 'In what place does {} stand?')),
    'present': Phrases(
        ('Is {} on the table?', 'Does {} stand on the table?', 'Can {} be found on the table?',
         'Is {} on the table now?', 'Is {} still on the table?', 'Does the table carry {}?'),
        ('Does {} still stand on the table?', 'Can {} be found on the table now?')),
    'arm': Phrases(
        ('Is the arm in view?', 'Is the robot arm in the picture?', 'Can the arm be seen?',
         'Do you see the arm?', 'Is the arm visible?', 'Is the robot in view?'),
        ('Is the robot arm in view?', 'Can the robot be seen?')),
}

NUMBERS = ('None.', 'One.', 'Two.', 'Three.', 'Four.')
NOTHING, HELD, TABLE, AWAY = 'Nothing.', 'In the gripper.', 'On the table.', 'Out of view.'


def a(name: str) -> str:
    """Return a name with its article."""
    return f'an {name}' if name[0] in 'aeiou' else f'a {name}'


def tell(kind: str, name: str, on: str | None = None) -> str:
    """Return the sentence about an event."""
    return TELLING[kind].format(name, a=a(name).capitalize(), on=on)


def listed(names: Sequence[str]) -> str:
    """Return names as an answer, in the order of colours and kinds."""
    if not names:
        return NOTHING
    order = sorted(names, key=lambda name: [
        (*COLOURS, *KINDS).index(word) for word in name.split()])
    parts = [a(name) for name in order]
    text = ' and '.join([', '.join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return text[0].upper() + text[1:] + '.'


def clauses(kind: str, things: Sequence[str], on: Sequence[str] = ANYTHING[:2]) -> Phrases:
    """Return the clauses of a kind of event, about any of some things."""
    def fill(templates: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            template.format(thing, on=below)
            for template, thing, below in itertools.product(templates, things, on)
            if '{on}' in template or below == on[0])
    return Phrases(fill(CLAUSES[kind].train), fill(CLAUSES[kind].test))


def filled(phrases: Phrases, thing: str) -> Phrases:
    """Return phrases about one thing."""
    return Phrases(
        tuple(phrase.format(thing) for phrase in phrases.train),
        tuple(phrase.format(thing) for phrase in phrases.test))
