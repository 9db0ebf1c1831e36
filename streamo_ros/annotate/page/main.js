// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// The page: keys and buttons that move the film and mark what happens.

import {$, given, make, setAttribute, setText, twice} from './elements.js';
import {Film} from './film.js';
import {Marks} from './marks.js';
import {clock, Strip} from './strip.js';

const NEAR_S = 30;      // to either side of the frame
const NOTICES = 3;

let cameras = [];
let due = false;

function notice(words, level = 'warn') {
  const line = make('p', {class: 'notice', 'data-level': level}, make('span', {}, words),
    make('button', {type: 'button', class: 'quiet', onclick: () => line.remove()}, 'Dismiss'));
  $('notices').append(line);
  while ($('notices').children.length > NOTICES) $('notices').firstChild.remove();
}

function told(words, level) {
  setText($('saved'), words);
  setAttribute($('saved'), 'data-level', level);
}

const film = new Film(schedule, words => notice(words, 'error'));
const marks = new Marks(schedule, told);
const near = new Strip($('near'), at => film.go(at));
const all = new Strip($('all'), at => film.go(at));

function schedule() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    if (film.camera) draw();
  });
}

function draw() {
  setText($('clock'), clock(film.at));
  $('play').firstChild.textContent = film.playing ? 'Stop ' : 'Play ';
  near.draw(film.at - NEAR_S, film.at + NEAR_S, film.at, marks);
  all.draw(Math.min(...cameras.map(one => one.first)), Math.max(...cameras.map(one => one.last)),
    film.at, marks);
  document.querySelector('.screen').classList.toggle('marking', marks.begun !== null);
  setText($('pending'), marks.begun === null ? '' :
    `An event begins at ${clock(marks.begun)}. Press C where it is complete, Esc to forget it.`);
  $('undo').disabled = !marks.before.length;
  $('redo').disabled = !marks.undone.length;
  drawInstructions();
  drawEvents();
  document.body.dataset.ready = 'yes';
}

function drawInstructions() {
  $('none').hidden = marks.instructions.length > 0;
  refill($('instructions'), marks.instructions.map((one, place) => [
    [one.text, one.events && one.events.length, place === marks.current, one.camera],
    () => make('li', {}, make('button', {
      type: 'button', 'aria-current': String(place === marks.current), onclick: () => choose(place)},
    make('span', {class: 'text given'}, one.text),
    make('small', {}, one.events === null ? 'not marked' : `${one.events.length} events`)))]));
}

function drawEvents() {
  const one = marks.instruction;
  $('events').hidden = !one;
  if (!one) return;
  $('unknown').hidden = one.events !== null;
  $('nothing').checked = one.events !== null && !one.events.length;
  $('nothing').disabled = marks.events.length > 0;
  refill($('list'), marks.events.map((event, place) => [
    [event.start, event.end, event.answer, place === marks.selected],
    () => eventLine(event, place)]));
  const form = $('details');
  for (const name of ['text', 'asked', 'camera', 'task', 'skill']) {
    const value = String(name === 'asked' ? Number(one.asked.toFixed(3)) : one[name]);
    if (document.activeElement !== form.elements[name]) form.elements[name].value = value;
  }
}

function eventLine(event, place) {
  return make('li', {'aria-current': String(place === marks.selected)},
    make('button', {type: 'button', class: 'from', title: 'its first sign: go there',
      onclick: () => { select(place); film.go(event.start + 1e-3); }}, clock(event.start)),
    make('button', {type: 'button', class: 'to', title: 'it is complete: go there',
      onclick: () => { select(place); film.go(event.end + 1e-3); }}, clock(event.end)),
    make('input', {value: event.answer, placeholder: 'answer: any words', 'data-place': place,
      'aria-label': `Answer to the event of ${clock(event.start)}`, autocomplete: 'off',
      onfocus: () => select(place), onchange: ({target}) => answer(place, target.value)}),
    make('button', {type: 'button', class: 'quiet', 'aria-label': 'Remove this event',
      onclick: () => remove(place)}, '×'));
}

// Lines that are the same stay: a field that somebody writes in keeps its focus.
function refill(list, lines) {
  const focused = document.activeElement;
  const place = list.contains(focused) ? focused.dataset.place : undefined;
  lines.forEach(([key, line], index) => {
    const text = JSON.stringify(key);
    const there = list.children[index];
    if (there && there.dataset.key === text) return;
    const fresh = line();
    fresh.dataset.key = text;
    if (there) there.replaceWith(fresh);
    else list.append(fresh);
  });
  while (list.children.length > lines.length) list.lastChild.remove();
  if (place !== undefined && !list.contains(document.activeElement)) {
    const again = list.querySelector(`input[data-place="${place}"]`);
    if (again) again.focus();
  }
}

function choose(place) {
  if (!marks.instructions.length) return;
  marks.current = (place + marks.instructions.length) % marks.instructions.length;
  marks.selected = marks.begun = null;
  schedule();
}

function select(place) {
  if (marks.selected === place) return;
  marks.selected = place;
  schedule();
}

function selectNext(by) {
  const {events, selected} = marks;
  if (!events.length) return;
  const next = selected === null ? (by > 0 ? 0 : events.length - 1) : selected + by;
  marks.selected = Math.min(Math.max(next, 0), events.length - 1);
  film.go(events[marks.selected].start + 1e-3);
  schedule();
}

function answer(place, text) {
  const event = marks.events[place];
  if (event && event.answer !== text.trim()) marks.change(() => { event.answer = text.trim(); });
}

function remove(place) {
  if (place === null || !marks.events[place]) return;
  marks.change(() => {
    marks.instruction.events.splice(place, 1);
    marks.selected = null;
  });
}

function begin() {
  if (!marks.instruction) return needInstruction();
  marks.begun = film.mark;
  schedule();
}

function complete() {
  if (!marks.instruction) return needInstruction();
  if (marks.begun !== null && film.mark < marks.begun) {
    notice('It cannot be complete before it begins: go on, or press Esc to forget its begin.');
    return;
  }
  marks.complete(film.mark);
  writeAnswer();
}

function needInstruction() {
  notice('Write an instruction first: what should the robot watch for?');
  $('new').elements.text.focus();
}

function writeAnswer() {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const field = document.querySelector(`#list input[data-place="${marks.selected}"]`);
    if (field) field.select();
  }));
}

function bound(name) {
  const event = marks.events[marks.selected];
  if (!event) return;
  const moved = {...event, [name]: film.mark};
  if (moved.end < moved.start) {
    notice('An event cannot end before it starts.');
    return;
  }
  marks.change(() => { event[name] = film.mark; });
}

function nextCamera(by = 1) {
  const place = cameras.indexOf(film.camera);
  show(cameras[(place + by) % cameras.length]);
}

function show(camera) {
  film.camera = camera;
  $('camera').value = camera.topic;
  film.go(film.at);
}

const KEYS = {
  'ArrowRight': event => (event.shiftKey ? film.go(film.at + 1) : film.step(1)),
  'ArrowLeft': event => (event.shiftKey ? film.go(film.at - 1) : film.step(-1)),
  'PageDown': () => film.go(film.at + 10),
  'PageUp': () => film.go(film.at - 10),
  'Home': () => film.go(film.camera.first),
  'End': () => film.go(film.camera.last),
  ' ': () => film.play(Number($('speed').value)),
  'b': begin,
  'c': complete,
  'ArrowDown': () => selectNext(1),
  'ArrowUp': () => selectNext(-1),
  's': () => bound('start'),
  'e': () => bound('end'),
  'Enter': () => marks.selected !== null && writeAnswer(),
  'Delete': () => remove(marks.selected),
  'Escape': () => { marks.begun = null; schedule(); },
  '[': () => choose(marks.current - 1),
  ']': () => choose(marks.current + 1),
  'n': () => $('new').elements.text.focus(),
  'k': () => nextCamera(),
  'z': () => marks.undo(),
  'y': () => marks.redo(),
  '?': () => { $('help').open = !$('help').open; },
};

document.addEventListener('keydown', event => {
  if (!film.camera || event.altKey || event.metaKey) return;
  const {target} = event;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const writes = target.matches('input:not([type=checkbox]), select, textarea');
  if (writes) {
    const leaves = key === 'Escape' || (key === 'Enter' && target.closest('#list'));
    if (!leaves) return;
    event.preventDefault();
    target.blur();
    return;
  }
  if (event.ctrlKey && key !== 'z' && key !== 'y') return;
  // A button takes these itself.
  if ((key === 'Enter' || key === ' ') && target.matches('button, summary, input')) return;
  const action = event.ctrlKey && event.shiftKey && key === 'z' ? KEYS.y : KEYS[key];
  if (!action) return;
  event.preventDefault();
  action(event);
});

for (const button of document.querySelectorAll('button[data-key]')) {
  button.addEventListener('click', event => KEYS[button.dataset.key](event));
}
$('camera').addEventListener('change', ({target}) => {
  show(cameras.find(one => one.topic === target.value));
});
$('new').addEventListener('submit', event => {
  event.preventDefault();
  const field = event.target.elements.text;
  if (!field.value.trim()) return;
  marks.add(field.value.trim(), cameras.length > 1 ? film.camera.topic : '');
  field.value = '';
  field.blur();
});
$('nothing').addEventListener('change', ({target}) => marks.change(() => {
  marks.instruction.events = target.checked ? [] : null;
}));
$('details').addEventListener('submit', event => event.preventDefault());
$('details').addEventListener('change', ({target}) => {
  const one = marks.instruction;
  const value = target.name === 'asked' ? Math.max(0, Number(target.value) || 0) : target.value.trim();
  if (target.name === 'text' && !value) {
    notice('An instruction has words: remove it instead.');
    schedule();
  } else if (one[target.name] !== value) marks.change(() => { one[target.name] = value; });
});
twice($('remove'), 'Remove it and its events?', () => marks.change(() => {
  marks.instructions.splice(marks.current, 1);
  marks.current = Math.max(0, marks.current - 1);
  marks.selected = marks.begun = null;
}));
new ResizeObserver(schedule).observe(document.querySelector('main'));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', schedule);
window.addEventListener('beforeunload', event => {
  if (!marks.isSaved || marks.failed || marks.begun !== null) event.preventDefault();
});

async function open() {
  // The token comes behind the #, which no server and no log is told of.
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) {
    history.replaceState(null, '', location.pathname);
    await fetch('session', {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token})});
  }
  const answer = await fetch('bag').catch(() => null);
  if (!answer || !answer.ok) {
    told('not open', 'error');
    notice(answer ? await answer.text() : 'The command does not answer.', 'error');
    return;
  }
  const found = await answer.json();
  cameras = found.cameras;
  marks.take(found);
  $('name').replaceChildren(given(`${found.bag} → ${found.file}`));
  $('camera').replaceChildren(...cameras.map(one => make('option', {value: one.topic}, one.topic)));
  $('camera-choice').hidden = cameras.length < 2;
  $('details').elements.camera.replaceChildren(
    make('option', {value: ''}, 'every camera'),
    ...cameras.map(one => make('option', {value: one.topic}, one.topic)));
  told('nothing changed', 'ok');
  film.camera = cameras[0];
  film.go(Math.min(...cameras.map(one => one.first)));
}

open();
