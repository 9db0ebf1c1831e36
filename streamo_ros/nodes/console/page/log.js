// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// What happened: the event log, searched by words and by day, asked in words, and on a timeline.

import {entry, highlight} from './answers.js';
import {$, make, setText} from './elements.js';
import {Timeline} from './timeline.js';

const SHOWN = 30;           // entries of the list, and of each page that is added to it
const POINTS = 1000;        // events that are asked for at once, for the timeline
const MOST_POINTS = 20000;
const NAMED = 12;           // events that are shown below an answer to a question

export class Log {
  #node = null;
  #there = '';
  #search = 0;              // the number of the latest search: what an older one finds is let be
  #asked = null;            // what it was for
  #meanwhile = null;        // events that were logged since it began; null: it has ended
  #page = 0;
  #away = 0;                // when the page was last left

  constructor(connection, marked, notice) {
    Object.assign(this, {connection, marked, notice});
    this.timeline = new Timeline($('day'), event => this.#reveal(event));
    const form = $('search');
    form.day.value = today();
    form.addEventListener('submit', event => {
      event.preventDefault();
      this.#look();
    });
    for (const name of ['day', 'camera']) form[name].addEventListener('change', () => this.#look());
    form.words.addEventListener('search', () => this.#look());
    $('more').addEventListener('click', () => this.#more());
    $('ask').addEventListener('submit', event => {
      event.preventDefault();
      this.#ask(event.target.question.value.trim());
    });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#away = Date.now() / 1000;
    });
  }

  draw(node) {
    const there = node.services.join(' ');
    if (this.#node === node && this.#there === there) return;
    const had = this.#node === node && this.#there.includes('list_events');
    this.#node = node;
    this.#there = there;
    const lists = node.services.includes('list_events');
    // Of a node that is gone for a while, what was found stays to be read.
    if (node.present || !had) {
      $('log').hidden = !lists && !node.services.includes('ask');
      $('search').hidden = $('day').hidden = $('day-help').hidden = !lists;
      $('ask').hidden = !node.services.includes('ask');
      setText($('no-log'), node.present && $('log').hidden
        ? 'This node keeps no event log: there is nothing to search or to ask.' : '');
    }
    if (lists && !had) this.#look();
  }

  // Take an event that has just been logged.
  take(node, {event}) {
    if (node !== this.#node || !this.#asked) return;
    const {since, until, camera, words} = this.#asked;
    if (event.end < since || event.start > until || camera && camera !== event.camera || words) {
      return;
    }
    this.#meanwhile?.push(event);
    this.timeline.add([event]);
    $('events').prepend(this.#item(event));
    while ($('events').children.length > SHOWN * (this.#page + 1)) $('events').lastChild.remove();
  }

  #item(event) {
    const {id, instruction_id: instruction, camera, end, pictures} = event;
    const topic = (this.#node.cameras.find(({name}) => name === camera) || {}).topic || '';
    const address = place => `event?${new URLSearchParams({
      node: this.#node.name, id, picture: place})}`;
    const item = entry({
      ...event, topic, key: `${this.#node.name} ${camera} ${instruction} ${end.toFixed(3)}`,
      frames: Array.from({length: Math.min(2, pictures)}, (_, place) => address(place)),
    }, this.marked);
    item.dataset.event = id;
    return item;
  }

  async #look() {
    const form = $('search');
    const [since, until] = dayOf(form.day.value);
    this.#asked = {since, until, camera: form.camera.value, words: form.words.value.trim()};
    this.#page = 0;
    const number = ++this.#search;
    this.#meanwhile = [];
    setText($('found'), 'Searching …');
    this.timeline.begin(since, until);
    try {
      const {events, total} = await this.#ask_log(0, SHOWN);
      if (number !== this.#search) return;
      const ids = new Set(events.map(({id}) => id));
      const later = this.#meanwhile.filter(({id}) => !ids.has(id)).reverse();
      this.#meanwhile = null;
      $('events').replaceChildren(...[...later, ...events].map(event => this.#item(event)));
      $('more').hidden = events.length >= total;
      setText($('found'), total === 0 ? 'Nothing was logged that fits.'
        : `${total.toLocaleString()} ${total === 1 ? 'event' : 'events'}, the latest first.`);
      for (let page = 0; page * POINTS < Math.min(total, MOST_POINTS); page++) {
        const {events: points} = await this.#ask_log(page, POINTS);
        if (number !== this.#search) return;
        this.timeline.add(points);
        if (points.length < POINTS) break;
      }
    } catch (error) {
      if (number !== this.#search) return;
      this.#meanwhile = null;
      setText($('found'), `The log cannot be searched: ${error.message}.`);
    }
  }

  #ask_log(page, limit) {
    return this.connection.ask('list_events', this.#node.name, {...this.#asked, page, limit});
  }

  async #more() {
    const number = this.#search;
    try {
      const {events, total} = await this.#ask_log(++this.#page, SHOWN);
      if (number !== this.#search) return;
      const shown = new Set([...$('events').children].map(({dataset}) => dataset.event));
      $('events').append(...events.filter(({id}) => !shown.has(String(id)))
        .map(event => this.#item(event)));
      $('more').hidden = (this.#page + 1) * SHOWN >= total;
    } catch (error) {
      this.notice(`The log cannot be searched: ${error.message}.`, 'error');
    }
  }

  // Show the entry of a point of the timeline, in the list if it is not there.
  #reveal(event) {
    let item = [...$('events').children].find(({dataset}) => dataset.event === String(event.id));
    if (!item) {
      item = this.#item(event);
      $('events').prepend(item);
    }
    item.scrollIntoView({block: 'nearest'});
    highlight(item);
  }

  async #ask(question) {
    if (!question) return;
    const box = $('asked');
    setText(box, 'Looking it up …');
    try {
      const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || '';
      const {answer, events} = await this.connection.ask(
        'ask', this.#node.name, {question, timezone, away_since: this.#away}, 65000);
      const shown = await Promise.allSettled(events.slice(-NAMED).reverse().map(
        id => this.connection.ask('get_event', this.#node.name, {id})));
      const items = shown.filter(({status}) => status === 'fulfilled')
        .map(({value}) => this.#item(value));
      box.replaceChildren(
        make('p', {class: 'says given'}, answer),
        make('p', {class: 'small dim'}, events.length === 0 ? 'It rests on no event.'
          : `It rests on ${events.length} ${events.length === 1 ? 'event' : 'events'}`
            + (events.length > NAMED ? `; the latest ${NAMED}:` : ':')),
        make('ol', {}, items));
    } catch (error) {
      setText(box, `Not answered: ${error.message}.`);
    }
  }
}

// The stamps at which a day begins and ends, here.
function dayOf(value) {
  if (!value) return [0, 1e11];
  const [year, month, day] = value.split('-').map(Number);
  return [0, 1].map(more => new Date(year, month - 1, day + more).getTime() / 1000);
}

function today() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map(part => String(part).padStart(2, '0')).join('-');
}
