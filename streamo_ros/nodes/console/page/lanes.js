// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// A lane for each instruction and camera: its states as they come, and what it was at any moment.

import {
  $, STATES, colour, drawing, given, lowest, make, setAttribute, setText, share, time,
} from './elements.js';
import {dataOf} from './answers.js';
import {nowOf} from './nodes.js';

const HEIGHTS = [0.2, 0.55, 1];
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1200];

export class Lanes {
  #rows = new Map();
  #node = null;
  #seconds = 300;
  #cursor = null;        // {row, stamp} of what is pointed at, or reached by keys

  constructor(connection, notice) {
    this.connection = connection;
    this.notice = notice;
    this.seen = new IntersectionObserver(entries => {
      for (const {target, isIntersecting} of entries) {
        for (const row of this.#rows.values()) {
          if (row.strip === target) row.visible = isIntersecting;
        }
      }
    }, {rootMargin: '120px'});
    $('span').addEventListener('change', ({target}) => {
      this.#seconds = Number(target.value);
      this.paint();
    });
  }

  // Bring the rows up to date; painting the strips is left to paint().
  draw(node) {
    if (this.#node !== node) {
      for (const key of [...this.#rows.keys()]) this.#remove(key);
      this.#node = node;
    }
    for (const key of [...this.#rows.keys()]) if (!node.lanes.has(key)) this.#remove(key);
    const several = node.cameras.length > 1;
    for (const [key, lane] of node.lanes) {
      const row = this.#rows.get(key) || this.#add(key, lane);
      row.lane = lane;
      const live = lane.standing && node.present;
      setAttribute(row.element, 'data-state', live && lane.decided ? lane.state : 0);
      setAttribute(row.element, 'data-stamp', lane.stamps[lane.stamps.length - 1] || 0);
      row.element.classList.toggle('gone', !lane.standing);
      setText(row.chip, !lane.standing ? 'withdrawn' : !node.present ? 'not heard'
        : !lane.decided ? 'no decision' : `${name(lane.state)} ${share(lane.probabilities[lane.state])}`);
      setText(row.text, lane.text);
      setText(row.camera, several ? lane.camera : '');
      setText(row.detail, lane.standing && node.present ? lane.detail : '');
      row.withdraw.hidden = !lane.standing;
    }
    $('no-lanes').hidden = node.lanes.size > 0;
    $('axis').hidden = node.lanes.size === 0;
    $('clear').disabled = ![...node.lanes.values()].some(lane => lane.standing);
  }

  #add(key, lane) {
    const row = {key, lane, visible: true};
    row.chip = make('span', {class: 'chip'});
    row.text = given('');
    row.camera = make('small', {class: 'given'});
    row.detail = make('p', {class: 'detail'});
    row.withdraw = make('button', {
      type: 'button', class: 'quiet', 'aria-label': `Withdraw: ${lane.text}`,
      onclick: () => this.connection.ask('withdraw', this.#node.name, {id: lane.id})
        .catch(error => this.notice(`Not withdrawn: ${error.message}.`, 'error'))}, 'Withdraw');
    row.canvas = make('canvas', {'aria-hidden': 'true'});
    row.strip = make('div', {
      class: 'strip', tabindex: 0, role: 'slider', 'aria-label': `States of: ${lane.text}`,
      'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 100,
      'aria-valuetext': 'now; arrow keys go back in time',
      onpointermove: event => this.#point(row, event), onpointerleave: () => this.#leave(row),
      onblur: () => this.#leave(row), onkeydown: event => this.#key(row, event)}, row.canvas);
    row.element = make('li', {class: 'lane'},
      make('div', {class: 'head'}, row.chip,
        make('p', {class: 'what'}, row.text, row.camera), row.withdraw),
      row.strip, row.detail);
    // What stands comes first, the latest of it on top.
    $('lanes').prepend(row.element);
    this.#rows.set(key, row);
    this.seen.observe(row.strip);
    return row;
  }

  #remove(key) {
    const row = this.#rows.get(key);
    this.seen.unobserve(row.strip);
    row.element.remove();
    this.#rows.delete(key);
  }

  #edge = () => nowOf(this.#node) || Date.now() / 1000;

  // Paint the strips that are on the screen.
  paint() {
    if (!this.#node || document.hidden) return;
    const edge = this.#edge();
    this.#axis(edge);
    const colours = [...STATES, 'text', 'dim'].map(colour);
    for (const row of this.#rows.values()) if (row.visible) this.#strip(row, edge, colours);
  }

  #axis(edge) {
    const axis = $('axis');
    const width = axis.clientWidth;
    const step = STEPS.find(one => this.#seconds / one <= Math.max(2, width / 90)) || 1200;
    const labels = [];
    for (let stamp = Math.ceil((edge - this.#seconds) / step) * step; stamp <= edge; stamp += step) {
      const share = 1 - (edge - stamp) / this.#seconds;
      if (share > 0.04 && share < 0.96) labels.push([share, time(stamp)]);
    }
    while (axis.children.length > labels.length) axis.lastChild.remove();
    labels.forEach(([share, text], place) => {
      const label = axis.children[place] || axis.appendChild(make('span'));
      setText(label, text);
      label.style.left = `${(100 * share).toFixed(2)}%`;
    });
  }

  #strip(row, edge, colours) {
    const {context, width, height} = drawing(row.canvas);
    const {lane} = row;
    const {stamps, states, period} = lane;
    const from = edge - this.#seconds;
    const x = stamp => width * (stamp - from) / this.#seconds;
    const bars = STATES.map(() => new Path2D());
    const bar = (state, left, wide) => {
      const high = HEIGHTS[state] * (height - 4);
      bars[state].rect(left, height - 2 - high, wide, high);
    };
    // Of what falls into one column of the screen, the most that was decided is shown.
    let column = -1;
    let most = -1;
    const first = Math.max(0, lowest(stamps, from) - 1);
    for (let place = first; place < stamps.length;) {
      const state = states[place];
      const left = x(stamps[place]);
      let end = 0;
      do {  // as long as the state stays and no tick is missing
        const next = place + 1 < stamps.length ? stamps[place + 1] : Infinity;
        end = Math.min(next, stamps[place] + 1.5 * period);
        place++;
        if (next > end) break;
      } while (place < stamps.length && states[place] === state);
      const wide = x(Math.min(end, edge)) - left;
      if (wide < 1.5 && Math.floor(left) === column) {
        most = Math.max(most, state);
        continue;
      }
      if (most >= 0) bar(most, column, 1);
      most = -1;
      if (wide < 1.5) [column, most] = [Math.floor(left), state];
      else bar(state, left, wide);
    }
    if (most >= 0) bar(most, column, 1);
    bars.forEach((path, state) => {
      context.fillStyle = colours[state];
      context.fill(path);
    });
    context.fillStyle = colours[3];
    for (const answer of this.#node.answers) {
      if (answer.id !== lane.id || answer.camera !== lane.camera || answer.stamp < from) continue;
      const at = x(answer.stamp);
      context.beginPath();
      context.moveTo(at - 4, 0);
      context.lineTo(at + 4, 0);
      context.lineTo(at, 6);
      context.fill();
    }
    if (this.#cursor && this.#cursor.row === row) {
      context.fillStyle = colours[4];
      context.fillRect(x(this.#cursor.stamp) - 0.5, 0, 1, height);
    }
  }

  #point(row, event) {
    const box = row.strip.getBoundingClientRect();
    const stamp = this.#edge() - this.#seconds * (1 - (event.clientX - box.left) / box.width);
    this.#show(row, stamp, event.clientX, box);
  }

  #show(row, stamp, x, box) {
    this.#cursor = {row, stamp};
    const words = this.#words(row.lane, stamp);
    const tip = $('tip');
    tip.replaceChildren(...words.map(line => make('div', {class: 'given'}, line)));
    tip.hidden = false;
    const {width, height} = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(6, Math.min(x - width / 2, window.innerWidth - width - 6))}px`;
    tip.style.top = `${box.top - height - 8 > 0 ? box.top - height - 8 : box.bottom + 8}px`;
    setAttribute(row.strip, 'aria-valuetext', words.join('; '));
    this.#strip(row, this.#edge(), [...STATES, 'text', 'dim'].map(colour));
  }

  #words(lane, stamp) {
    const place = lane.at(stamp);
    if (place < 0) return [time(stamp, 1), 'no decision'];
    const {states, standby, response} = lane;
    const chances = [1 - standby[place] - response[place], standby[place], response[place]];
    const words = [
      `${time(lane.stamps[place], 1)} · ${name(states[place])}`,
      STATES.map((state, number) => `${state} ${share(Math.max(0, chances[number]))}`).join(' · ')];
    const answer = this.#node.answers.find(({id, camera, stamp: at}) =>
      id === lane.id && camera === lane.camera && Math.abs(at - lane.stamps[place]) < 1e-3);
    if (answer) words.push(`“${answer.text}”`, ...dataOf(answer));
    return words;
  }

  #leave(row) {
    if (this.#cursor && this.#cursor.row === row) {
      this.#cursor = null;
      $('tip').hidden = true;
      this.#strip(row, this.#edge(), [...STATES, 'text', 'dim'].map(colour));
    }
  }

  #key(row, event) {
    const {lane} = row;
    const {stamps} = lane;
    if (event.key === 'Escape') {
      this.#leave(row);
      return;
    }
    const steps = {ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity,
      End: Infinity};
    if (!(event.key in steps) || !stamps.length) return;
    event.preventDefault();
    const edge = this.#edge();
    const first = lowest(stamps, edge - this.#seconds);
    const before = this.#cursor && this.#cursor.row === row
      ? lowest(stamps, this.#cursor.stamp) : stamps.length;
    const place = Math.max(
      Math.min(first, stamps.length - 1), Math.min(stamps.length - 1, before + steps[event.key]));
    const box = row.strip.getBoundingClientRect();
    const share = 1 - (edge - stamps[place]) / this.#seconds;
    setAttribute(row.strip, 'aria-valuenow', Math.round(100 * Math.max(0, Math.min(1, share))));
    this.#show(row, stamps[place], box.left + share * box.width, box);
  }
}

const name = state => STATES[state][0].toUpperCase() + STATES[state].slice(1);
