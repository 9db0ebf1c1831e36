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

"""The words that questions, instructions and answers are read with: tables, and no code."""

IRREGULAR = {
    form: base for base, forms in {
        'go': 'goes went gone going', 'come': 'came comes coming', 'leave': 'left leaves leaving',
        'fall': 'fell fallen', 'take': 'took taken taking', 'bring': 'brought', 'put': 'putting',
        'get': 'got gotten getting', 'sit': 'sat sitting', 'stand': 'stood', 'lie': 'lying',
        'run': 'ran running', 'ring': 'rang rung', 'drive': 'drove driven', 'fly': 'flew flown '
        'flies',
        'break': 'broke broken', 'throw': 'threw thrown', 'catch': 'caught', 'begin': 'began '
        'begun',
        'shut': 'shutting', 'light': 'lit lights lighting', 'make': 'made', 'give': 'gave given',
        'rise': 'rose risen', 'spill': 'spilt', 'see': 'saw seen', 'hit': 'hitting',
        'man': 'men', 'woman': 'women', 'child': 'children', 'person': 'people persons',
        'mouse': 'mice', 'knife': 'knives', 'shelf': 'shelves', 'stop': 'stopped stopping',
        'eat': 'ate eaten', 'drink': 'drank drunk', 'write': 'wrote written', 'hold': 'held',
        'swing': 'swung', 'slide': 'slid', 'steal': 'stole stolen', 'speak': 'spoke spoken',
        'wake': 'woke woken', 'blow': 'blew blown', 'bus': 'buses busses', 'lose': 'lost',
        'find': 'found', 'sleep': 'slept', 'bite': 'bit bitten', 'tear': 'tore torn',
        'show': 'shown', 'draw': 'drew drawn', 'hang': 'hung', 'let': 'lets',
        'arrive': 'arrival arrivals', 'enter': 'entry entries', 'depart': 'departure departures',
        'open': 'openings', 'close': 'closure', 'dark': 'darkness', 'exit': 'exits',
    }.items() for form in forms.split()}

# The concept and the words for it. After a colon: what it is a kind of.
KINDS = """
person: human individual somebody someone anybody anyone
man:person = guy gentleman male bloke
woman:person = lady female
child:person = kid toddler
boy:child
girl:child
baby:child = infant
visitor:person = guest caller
stranger:person
intruder:person = burglar
worker:person
customer:person
operator:person
courier:person
postman:courier = mailman
driver:person
nurse:person
doctor:person
patient:person
cyclist:person
pedestrian:person
employee:person
technician:person
cleaner:person
colleague:person
neighbour:person = neighbor
student:person
teacher:person
vehicle:
car:vehicle = automobile
truck:vehicle = lorry
bus:vehicle
van:vehicle
taxi:vehicle = cab
bicycle:vehicle = bike
motorcycle:vehicle = motorbike
forklift:vehicle
tractor:vehicle
scooter:vehicle
ambulance:vehicle
animal:
dog:animal = puppy
cat:animal = kitten
bird:animal
fox:animal
horse:animal
cow:animal
rabbit:animal
squirrel:animal
deer:animal
hedgehog:animal
light: lamp bulb led
package: parcel
cup: mug
fridge: refrigerator
phone: telephone smartphone
screen: monitor
tv: television telly
sweater: jumper pullover
corridor: hallway hall
floor: ground
sofa: couch
bag:
backpack:bag = rucksack
"""

# Verbs; those with a particle may have something between the two.
DEED_WORDS = {
    'ON': 'turn-on switch-on come-on power-on click-on flick-on flip-on put-on light-up power-up',
    'OFF': 'turn-off switch-off shut-off power-off click-off flick-off flip-off shut-down put-out '
           'turn-out power-down',
    'GO OFF': 'go-off',
    'GO OUT': 'go-out',
    'GO ON': 'go-on',
    'ENTER': 'enter arrive come-in come-inside come-into walk-in walk-into walk-inside step-in '
             'step-into step-inside go-in go-into go-inside get-in get-into get-inside '
             'come-home get-home run-in run-into come-through walk-through',
    'LEAVE': 'leave depart exit go-away go-outside walk-out walk-away step-out step-outside '
    'get-out '
             'come-out run-out run-away walk-off drive-away drive-off run-off head-out',
    'OPEN': 'open swing-open',
    'CLOSE': 'close shut swing-shut',
    'GO UP': 'go-up roll-up slide-up',
    'GO DOWN': 'go-down roll-down slide-down come-down',
    'LOCK': 'lock',
    'UNLOCK': 'unlock',
    'FALL': 'fall drop topple tumble slip-off slide-off fall-off fall-down fall-over '
            'tip-over drop-off roll-off topple-over tumble-down',
    'PICK UP': 'pick-up lift lift-up grab',
    'PUT DOWN': 'put-down set-down place',
    'SIT DOWN': 'sit sit-down',
    'STAND UP': 'stand-up get-up',
    'START': 'start begin start-up',
    'STOP': 'stop halt cease pull-up park pull-over',
    'APPEAR': 'appear show-up turn-up',
    'DISAPPEAR': 'disappear vanish',
    'BREAK': 'break shatter smash',
    'RING': 'ring',
    'SOUND': 'sound beep',
    'PASS': 'pass pass-by run-past run-by trot-past walk-past walk-by '
            'drive-by drive-past go-past go-by come-by',
    'BRING': 'bring bring-in deliver',
    'PLUG IN': 'plug-in',
    'UNPLUG': 'unplug',
    'FILL': 'fill fill-up',
    'EMPTY': 'empty',
    'MOVE': 'move',
    'TAKE AWAY': 'take-away take-off clear-off remove',
    'TAKE IN': 'take-inside take-into carry-inside carry-into pull-inside bring-inside '
               'take-indoors carry-in pull-in fetch',
}
OPPOSITES = (
    ('ON', 'OFF'), ('ENTER', 'LEAVE'), ('OPEN', 'CLOSE'), ('LOCK', 'UNLOCK'), ('START', 'STOP'),
    ('PICK UP', 'PUT DOWN'), ('SIT DOWN', 'STAND UP'), ('APPEAR', 'DISAPPEAR'),
    ('GO UP', 'GO DOWN'), ('PLUG IN', 'UNPLUG'), ('FILL', 'EMPTY'), ('left', 'right'),
    ('up', 'down'),
    ('inside', 'outside'), ('TAKE AWAY', 'TAKE IN', 'BRING'),
    ('red', 'green', 'blue', 'yellow', 'orange', 'purple', 'pink', 'black', 'white', 'brown',
     'grey'),
    ('first', 'second', 'third', 'last'), ('front', 'rear'), ('full', 'half'),
    ('big', 'small'), ('upper', 'lower'),
)
SHINING = (
    'light candle screen tv power fire torch projector heater computer oven stove kettle printer '
    'machine pump fan radio radiator lantern display headlight washer dryer dishwasher'.split())
CLOSING = {'door', 'gate', 'shutter', 'blind', 'barrier'}
SOUNDING = 'alarm bell siren timer phone doorbell alert'.split()

NUMBERS = {word: str(number) for number, word in enumerate(
    'zero one two three four five six seven eight nine ten eleven twelve'.split())}

DROPPED = set(
    'a an the be is are was were been being am has have had having do does did it its he she '
    'they them their theirs his her hers him this that these those there here my mine your '
    'yours our '
    'we you i me us of to at by with for from in into onto on off over across near and or so as '
    'just now then again also too already yet ever still please who which what whom something '
    'anything thing stuff some any one ones itself himself herself themselves '
    'up down out back away will can about through actually really exactly total altogether '
    'overall '
    'use used using seen spotted noticed observed visible real visit visits outside '
    'suddenly finally all yes yeah ok okay indeed happen happens happened happening occur occurs '
    'occurred'.split())
ASKED = set(
    'tell let know say notify warn report inform watch when whenever if soon whether alert moment '
    'message every time each while until keep look camera'.split())
"""Words of instructions that ask for something to be said."""

NEGATIONS = frozenset(
    'no not never nobody none nothing without neither nor cannot except unless hardly barely '
    'almost nearly no-one stopped-short'.split())
VAGUE = frozenset('hardly barely almost nearly stopped-short'.split())
HEDGES = frozenset('will might may maybe perhaps possibly probably seem appear-to going-to '
                    'about-to if would could should or'.split())
