// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// A day of events on one line, to zoom and move by wheel, drag, touch and keys.

import {$, colour, drawing, make, setAttribute, span, time} from './elements.js';

const LEAST_S = 20;         // that the line can be zoomed to
const STEPS = [1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86400];
const FOOT = 18;            // pixels of the labels
const NEAR = 8;             // pixels from an event that still point at it

export class Timeline {
  #events = [];             // by time
  #ids = new Set();
  #day = [0, 1];
  #from = 0;
  #to = 1;
  #at = null;               // the event that is pointed at
  #drag = null;
  #due = false;

  // choose: called with the event that was chosen
  constructor(element, choose) {
    this.element = element;
    this.canvas = element.querySelector('canvas');
    this.choose = choose;
    element.addEventListener('wheel', event => {
      event.preventDefault();
      const middle = this.#stampAt(event.clientX);
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.#move(event.deltaX / 600);
      else this.#zoom(Math.exp(event.deltaY / 300), middle);
    }, {passive: false});
    element.addEventListener('pointerdown', event => {
      this.#drag = {x: event.clientX, from: this.#from, moved: false};
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener('pointermove', event => this.#pointer(event));
    element.addEventListener('pointerup', event => {
      const clicked = this.#drag && !this.#drag.moved;
      this.#drag = null;
      if (clicked) {
        this.#pointAt(event.clientX, 2 * NEAR);
        if (this.#at) this.choose(this.#at);
      }
    });
    element.addEventListener('pointerleave', () => this.#leave());
    element.addEventListener('blur', () => this.#leave());
    element.addEventListener('keydown', event => this.#key(event));
    new ResizeObserver(() => this.paint()).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.paint());
  }

  begin(since, until) {
    this.#events = [];
    this.element.dataset.events = 0;
    this.#ids.clear();
    this.#at = null;
    this.#day = [since, until];
    [this.#from, this.#to] = this.#day;
    this.open = since === 0;  // every day: from the first event to the last
    this.paint();
  }

  add(events) {
    const fresh = events.filter(({id}) => !this.#ids.has(id));
    for (const {id} of fresh) this.#ids.add(id);
    this.#events = [...this.#events, ...fresh].sort(
      (one, other) => one.end - other.end || one.id - other.id);
    this.element.dataset.events = this.#events.length;
    if (this.open && this.#events.length) {
      const whole = this.#from === this.#day[0] && this.#to === this.#day[1];
      const first = this.#events[0].start;
      const last = this.#events[this.#events.length - 1].end;
      const margin = Math.max(LEAST_S, 0.02 * (last - first));
      this.#day = [first - margin, last + margin];
      if (whole) [this.#from, this.#to] = this.#day;
    }
    this.paint();
  }

  paint() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#draw();
    });
  }

  #x = stamp => this.canvas.clientWidth * (stamp - this.#from) / (this.#to - this.#from);

  #stampAt(x) {
    const box = this.canvas.getBoundingClientRect();
    return this.#from + (this.#to - this.#from) * (x - box.left) / box.width;
  }

  #draw() {
    const {context, width, height} = drawing(this.canvas);
    if (!width) return;
    const colours = {1: colour('standby'), 2: colour('response')};
    const [line, dim, text] = ['line', 'dim', 'text'].map(colour);
    const floor = height - FOOT;
    const wide = this.#to - this.#from;
    // Not #x: to ask for the canvas's width ten thousand times takes longer than all the rest.
    const place = stamp => width * (stamp - this.#from) / wide;
    const step = STEPS.find(one => wide / one <= Math.max(2, width / 80)) || wide;
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'center';
    const zone = new Date(this.#from * 1000).getTimezoneOffset() * 60;
    const first = Math.ceil((this.#from - zone) / step) * step + zone;
    for (let stamp = first; stamp <= this.#to && step > 0; stamp += step) {
      const x = this.#x(stamp);
      context.fillStyle = line;
      context.fillRect(x - 0.5, 4, 1, floor - 4);
      context.fillStyle = dim;
      if (x > 24 && x < width - 24) {
        context.fillText(step < 60 ? time(stamp) : time(stamp).slice(0, -3), x, height - 5);
      }
    }
    // Of what falls into one column of the screen, one bar for all, higher the more there are.
    const columns = {1: new Map(), 2: new Map()};
    const spans = {1: new Path2D(), 2: new Path2D()};
    for (const event of this.#events) {
      if (event.end < this.#from || event.start > this.#to) continue;
      const state = event.state === 1 ? 1 : 2;
      const [start, end] = [place(event.start), place(event.end)];
      const column = Math.round(end / 2) * 2;
      columns[state].set(column, (columns[state].get(column) || 0) + 1);
      if (end - start > 3) spans[state].rect(start, floor - 12, end - start, 12);
    }
    for (const state of [1, 2]) {
      context.fillStyle = colours[state];
      context.globalAlpha = 0.25;
      context.fill(spans[state]);
      context.globalAlpha = 1;
      for (const [column, count] of columns[state]) {
        const high = (floor - 6) * Math.min(1, (state === 1 ? 0.3 : 0.5) + 0.12 * Math.log2(count));
        context.fillRect(column - 1.5, floor - high, 3, high);
      }
    }
    if (this.#at) {
      context.strokeStyle = text;
      context.lineWidth = 2;
      context.strokeRect(this.#x(this.#at.end) - 3.5, 2, 7, floor - 2);
    }
  }

  #zoom(factor, middle) {
    const wide = Math.min(this.#day[1] - this.#day[0],
      Math.max(LEAST_S, (this.#to - this.#from) * factor));
    const share = (middle - this.#from) / (this.#to - this.#from);
    this.#view(middle - share * wide, wide);
  }

  #move(share) {
    const wide = this.#to - this.#from;
    this.#view(this.#from + share * wide, wide);
  }

  #view(from, wide) {
    this.#from = Math.max(this.#day[0], Math.min(this.#day[1] - wide, from));
    this.#to = this.#from + wide;
    this.paint();
  }

  #pointer(event) {
    if (this.#drag && (this.#drag.moved || Math.abs(event.clientX - this.#drag.x) > 4)) {
      this.#drag.moved = true;
      const wide = this.#to - this.#from;
      this.#view(
        this.#drag.from - wide * (event.clientX - this.#drag.x) / this.canvas.clientWidth, wide);
      return;
    }
    this.#pointAt(event.clientX, NEAR);
  }

  #pointAt(x, near) {
    const stamp = this.#stampAt(x);
    const reach = near * (this.#to - this.#from) / this.canvas.clientWidth;
    let best = null;
    for (const event of this.#events) {
      const away = Math.abs(event.end - stamp);
      if (away <= reach && (!best || away < Math.abs(best.end - stamp))) best = event;
    }
    this.#show(best);
  }

  #show(event) {
    this.#at = event;
    this.paint();
    const tip = $('tip');
    tip.hidden = !event;
    if (!event) return;
    const words = [span(event.start, event.end), event.instruction,
      event.text ? `“${event.text}”` : 'came to nothing'];
    tip.replaceChildren(...words.map(line => make('div', {class: 'given'}, line)));
    const box = this.canvas.getBoundingClientRect();
    const {width, height} = tip.getBoundingClientRect();
    const x = box.left + this.#x(event.end);
    tip.style.left = `${Math.max(6, Math.min(x - width / 2, window.innerWidth - width - 6))}px`;
    tip.style.top = `${Math.max(6, box.top - height - 8)}px`;
    setAttribute(this.element, 'aria-valuetext', words.join('; '));
    setAttribute(this.element, 'aria-valuenow', Math.round(
      240 * (event.end - this.#day[0]) / (this.#day[1] - this.#day[0])) / 10);
  }

  #leave() {
    if (this.#at) this.#show(null);
  }

  #key(event) {
    const middle = this.#at ? this.#at.end : (this.#from + this.#to) / 2;
    const place = this.#at ? this.#events.indexOf(this.#at) : -1;
    const go = next => {
      const found = this.#events[next];
      if (!found) return;
      if (found.end < this.#from || found.end > this.#to) {
        const wide = this.#to - this.#from;
        this.#view(found.end - wide / 2, wide);
      }
      this.#show(found);
    };
    const after = this.#events.findIndex(({end}) => end >= middle);
    const keys = {
      ArrowLeft: () => go(this.#at ? place - 1 : (after < 0 ? this.#events.length : after) - 1),
      ArrowRight: () => go(this.#at ? place + 1 : after),
      Home: () => go(0), End: () => go(this.#events.length - 1),
      PageUp: () => this.#move(-0.8), PageDown: () => this.#move(0.8),
      '+': () => this.#zoom(0.5, middle), '-': () => this.#zoom(2, middle),
      '0': () => this.#view(this.#day[0], this.#day[1] - this.#day[0]),
      Enter: () => this.#at && this.choose(this.#at), Escape: () => this.#leave()};
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}
