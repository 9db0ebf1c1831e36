// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// The page: what the console tells is kept in the nodes, and drawn at most as often as the screen is.

import {Answers, Marked} from './answers.js';
import {Cameras} from './cameras.js';
import {Connection} from './connection.js';
import {Control} from './control.js';
import {$, make, setAttribute, setText} from './elements.js';
import {Health} from './health.js';
import {Lanes} from './lanes.js';
import {Log} from './log.js';
import {Nodes} from './nodes.js';

const PAINT_MS = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 200;
const NOTICES = 4;

const nodes = new Nodes();
let connected = false;
let chosen = null;      // the name of the node that is shown
let due = false;

function notice(words, level = 'warn') {
  const line = make('p', {class: 'notice', 'data-level': level}, make('span', {}, words),
    make('button', {type: 'button', class: 'quiet', onclick: () => line.remove()}, 'Dismiss'));
  $('notices').append(line);
  while ($('notices').children.length > NOTICES) $('notices').firstChild.remove();
}

const connection = new Connection({
  take, picture: (head, blob) => cameras.show(head, blob), locked: logIn,
  told: now => {
    connected = now;
    if (!now) cameras.forget();
    schedule();
  }});
const marked = new Marked();
const cameras = new Cameras(connection);
const lanes = new Lanes(connection, notice);
const answers = new Answers(marked);
const health = new Health();
const control = new Control(connection, notice);
const log = new Log(connection, marked, notice);

function take(event) {
  const node = nodes.take(event);
  if (event.kind === 'all') {
    if (!nodes.all.has(chosen)) chosen = nodes.all.keys().next().value;
    chooseNode();
  } else if (node && event.kind === 'presence') {
    if (event.restarted) {
      notice(`${node.name} was started again: its window is empty. Instructions without a state `
        + 'file are gone.');
    } else if (event.present) notice(`${node.name} is here.`, 'ok');
    else notice(`${node.name} is gone: nothing is heard of it any more.`, 'error');
  }
  if (node && node.name === chosen) {
    control.take(event);
    if (event.kind === 'data') answers.take(node, event);
    if (event.kind === 'event') {
      log.take(node, event);
      answers.picture(node, event.event);
    }
  }
  schedule();
}

function chooseNode() {
  $('node-choice').hidden = nodes.all.size < 2;
  $('node').replaceChildren(...[...nodes.all.keys()].map(
    name => make('option', {value: name, selected: name === chosen}, name)));
}

$('node').addEventListener('change', ({target}) => {
  chosen = target.value;
  schedule();
});

function schedule() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    const node = nodes.all.get(chosen);
    health.draw(node, connected);
    if (!node) return;
    lanes.draw(node);
    cameras.draw(node);
    answers.draw(node);
    control.draw(node, nodes.specification);
    log.draw(node);
    setAttribute(document.body, 'data-ready', 'yes');
  });
}

setInterval(() => requestAnimationFrame(() => lanes.paint()), PAINT_MS);

async function logIn(token) {
  if (typeof token !== 'string') {
    const dialog = $('login');
    if (!dialog.open) dialog.showModal();
    return;
  }
  const answer = await fetch('session', {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token})})
    .catch(() => null);
  if (answer && answer.ok) {
    $('login').close();
    connection.open();
  } else {
    if (!$('login').open) $('login').showModal();
    setText($('login').querySelector('.trouble'),
      answer ? await answer.text() : 'The console does not answer.');
  }
}

$('login').querySelector('form').addEventListener('submit', event => {
  event.preventDefault();
  logIn(event.target.token.value.trim());
});
$('login').addEventListener('cancel', event => event.preventDefault());

// A link may bring the token behind the #, which no server and no log is told of.
const brought = new URLSearchParams(location.hash.slice(1)).get('token');
if (brought) {
  history.replaceState(null, '', location.pathname);
  logIn(brought);
} else connection.open();
