// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// The answers as they come, with their frames; and those that are marked, as annotations.

import {$, given, make, setText, share, span} from './elements.js';

const SHOWN = 200;

// What was marked, in this page: answers and entries of the log, by a key that both share.
export class Marked {
  #all = new Map();

  get size() {
    return this.#all.size;
  }

  has = key => this.#all.has(key);

  set(key, event) {
    if (event) this.#all.set(key, event);
    else this.#all.delete(key);
    const button = $('export');
    button.disabled = !this.size;
    setText(button, this.size ? `Export ${this.size} marked` : 'Export marked');
  }

  // The file of annotations that `streamo evaluate` reads: stamps are those of the headers.
  annotations() {
    const instructions = new Map();
    for (const {instruction, topic, start, end, text} of this.#all.values()) {
      const key = JSON.stringify([instruction, topic]);
      if (!instructions.has(key)) {
        instructions.set(key, {
          id: String(instructions.size + 1), text: instruction, ...topic && {camera: topic},
          events: []});
      }
      instructions.get(key).events.push({start, end, ...text && {answer: text}});
    }
    for (const {events} of instructions.values()) events.sort((a, b) => a.start - b.start);
    return {stamps: 'absolute', instructions: [...instructions.values()]};
  }

  save() {
    const file = new Blob([JSON.stringify(this.annotations(), null, 2) + '\n'],
      {type: 'application/json'});
    const link = make('a', {href: URL.createObjectURL(file), download: 'annotations.json'});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}

// One answer or entry of the log, with its frames and a box to mark it.
// event: {key, instruction, camera, topic, text, state, start, end, probability, complete, frames,
// data, data_error}
export function entry(event, marked) {
  const about = [span(event.start, event.end), event.camera, `${share(event.probability)} sure`,
    event.complete === false && event.text ? 'cut short' : ''].filter(Boolean).join(' · ');
  const mark = make('input', {
    type: 'checkbox', 'aria-label': `Mark: ${event.text || event.instruction}`,
    onchange: ({target}) => marked.set(event.key, target.checked ? event : null)});
  mark.checked = marked.has(event.key);
  const says = event.text || (event.state === 1 ? 'Something began, and came to nothing.' : '');
  const frames = event.frames.map(src => make('img', {src, alt: ''}));
  return make('li', {class: 'answer'},
    make('p', {class: 'says given'}, says),
    dataOf(event).map(words => make('p', {class: event.data ? 'data' : 'data trouble'},
      event.data ? make('code', {}, words) : given(words))),
    make('p', {class: 'about'}, given(event.instruction), make('br'), given(about)),
    make('label', {}, mark, 'Mark'),
    frames.length ? make('button', {
      type: 'button', class: 'thumb', 'aria-label': `Show larger: ${says}`,
      onclick: () => enlarge(event.frames[event.frames.length - 1], `${says} — ${about}`)},
    frames) : null);
}

// The words for the data of an answer: one, or none where none was asked for.
export const dataOf = ({data, data_error: trouble}) => data ? [data]
  : trouble ? [`No data: ${trouble}.`] : [];

// Have an entry stand out for a moment; without an animation, which would draw all the time.
export function highlight(item) {
  item.classList.add('new');
  setTimeout(() => item.classList.remove('new'), 2000);
}

function enlarge(src, words) {
  const dialog = $('large');
  dialog.querySelector('img').src = src;
  dialog.querySelector('img').alt = words;
  setText(dialog.querySelector('p'), words);
  dialog.showModal();
}

export class Answers {
  #node = null;
  #newest = 0;

  constructor(marked) {
    this.marked = marked;
    $('export').addEventListener('click', () => marked.save());
  }

  draw(node) {
    if (this.#node !== node) {
      this.#node = node;
      this.#newest = 0;
      $('answers').replaceChildren();
    }
    const fresh = node.answers.filter(({number}) => number > this.#newest);
    const first = this.#newest === 0;
    for (const answer of fresh) {
      const item = entry(asEvent(node, answer), this.marked);
      item.dataset.number = answer.number;
      if (!first) highlight(item);
      $('answers').prepend(item);
      this.#newest = answer.number;
    }
    while ($('answers').children.length > SHOWN) $('answers').lastChild.remove();
    $('no-answers').hidden = node.answers.length > 0;
    if (fresh.length && !first) {
      const answer = fresh[fresh.length - 1];
      setText($('spoken'), [
        `Answer to “${answer.instruction}”: ${answer.text}`, ...dataOf(answer)].join(' '));
    }
  }

  // An answer that nobody looked at the camera of has its frame from the log, once it is there.
  picture(node, event) {
    if (!event.pictures) return;
    for (const answer of node.answers) {
      if (answer.picture || answer.event || answer.camera !== event.camera
        || answer.id !== event.instruction_id || answer.stamp !== event.end) continue;
      Object.assign(answer, {event: event.id, event_pictures: event.pictures});
      this.redraw(node, answer.number);
    }
  }

  // Show an answer anew, of which more is known.
  redraw(node, number) {
    const answer = node.answers.find(one => one.number === number);
    const item = [...$('answers').children].find(
      ({dataset}) => dataset.number === String(number));
    if (!answer || !item) return;
    const now = entry(asEvent(node, answer), this.marked);
    now.dataset.number = number;
    item.replaceWith(now);
  }

  // Show data that came after its answer.
  take(node, {number}) {
    this.redraw(node, number);
    const answer = node.answers[node.answers.length - 1];
    if (answer?.number === number && number === this.#newest) {
      setText($('spoken'), dataOf(answer).join(' '));
    }
  }
}

function asEvent(node, answer) {
  const {camera, id, instruction, text, complete, start, stamp, probability} = answer;
  const topic = (node.cameras.find(({name}) => name === camera) || {}).topic || '';
  const address = new URLSearchParams({node: node.name, number: answer.number});
  return {
    key: `${node.name} ${camera} ${id} ${stamp.toFixed(3)}`, instruction, camera, topic, text,
    state: 2, start, end: stamp, probability, complete, data: answer.data,
    data_error: answer.data_error,
    frames: answer.picture ? [`frame?${address}`]
      : answer.event_pictures ? [eventPicture(node, answer.event, answer.event_pictures - 1)] : []};
}

const eventPicture = (node, id, place) => `event?${new URLSearchParams({
  node: node.name, id, picture: place})}`;
