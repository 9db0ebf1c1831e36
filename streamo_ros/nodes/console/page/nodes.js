// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// What the page knows of the nodes: what the console told when it was opened, and each change.

import {lowest} from './elements.js';

const TICKS = 20000;   // kept of each lane, longer than the console keeps them
const ANSWERS = 500;

export class Lane {
  constructor(told) {
    this.stamps = [];
    this.states = [];
    this.standby = [];
    this.response = [];
    this.period = 1;
    this.update(told);
    for (const tick of told.ticks || []) this.add(tick);
  }

  update(told) {
    for (const name of [
      'camera', 'id', 'text', 'epoch', 'state', 'probabilities', 'status', 'detail', 'age_s',
      'standing']) this[name] = told[name];
    this.decided = this.probabilities.some(value => value > 0);
    if (told.tick) this.add(told.tick);
  }

  add([stamp, state, standby, response]) {
    const last = this.stamps[this.stamps.length - 1];
    if (stamp <= last) {  // the stream began anew, at an earlier stamp
      for (const list of this.#lists) list.length = 0;
    } else if (last !== undefined && stamp - last < 20) {
      this.period += 0.2 * (stamp - last - this.period);
    }
    this.stamps.push(stamp);
    this.states.push(state);
    this.standby.push(standby);
    this.response.push(response);
    if (this.stamps.length > 1.25 * TICKS) {
      for (const list of this.#lists) list.splice(0, list.length - TICKS);
    }
  }

  get #lists() {
    return [this.stamps, this.states, this.standby, this.response];
  }

  // The place of the tick that holds at a stamp, or -1.
  at(stamp) {
    const place = lowest(this.stamps, stamp + 1e-9) - 1;
    return place >= 0 && stamp - this.stamps[place] <= 1.5 * this.period ? place : -1;
  }
}

export class Nodes {
  constructor() {
    this.all = new Map();
    this.specification = [];
  }

  // Take an event; return the node that it is about, if it is known.
  take(event) {
    if (event.kind === 'all') {
      this.specification = event.specification;
      const before = this.all;
      this.all = new Map(event.nodes.map(told => [told.node, this.#node(told, before)]));
      return null;
    }
    const node = this.all.get(event.node);
    if (node) (this[`_${event.kind}`] || (() => {})).call(this, node, event);
    return node;
  }

  #node(told, before) {
    const {node: name, present, starts, health, cameras, parameters, services} = told;
    const node = {
      name, present, starts, health, cameras, parameters, services, lanes: new Map(),
      answers: told.answers, statuses: {}, troubles: {}, newest: 0, heardAt: 0};
    const known = before.get(name);
    for (const lane of told.lanes) {
      const key = this.#key(lane);
      const old = known && known.lanes.get(key);
      // The page remembers longer than the console: what it has from before is joined on.
      const made = new Lane(lane);
      if (old && old.text === made.text && old.stamps.length && made.stamps.length
          && old.stamps[0] < made.stamps[0]) {
        const end = lowest(old.stamps, made.stamps[0]);
        for (const list of ['stamps', 'states', 'standby', 'response']) {
          made[list] = [...old[list].slice(0, end), ...made[list]];
        }
      }
      node.lanes.set(key, made);
      this.#advance(node, made);
    }
    return node;
  }

  #key = ({camera, id}) => `${camera}\n${id}`;

  #advance(node, lane) {
    const stamp = lane.stamps[lane.stamps.length - 1];
    if (stamp === undefined) return;
    if (stamp > node.newest || stamp < node.newest - 60) {
      node.newest = stamp;
      node.heardAt = performance.now();
    }
  }

  _state(node, event) {
    const key = this.#key(event);
    const lane = node.lanes.get(key);
    if (lane && lane.text === event.text) lane.update(event);
    else node.lanes.set(key, new Lane({...event, ticks: []}));
    if (event.standing) {
      node.statuses[event.camera] = {status: event.status, detail: event.detail};
    }
    if (event.tick) this.#advance(node, node.lanes.get(key));
  }

  _forgotten(node, event) {
    node.lanes.delete(this.#key(event));
  }

  _camera_status(node, event) {
    node.statuses[event.camera] = {status: event.status, detail: event.detail};
  }

  _answer(node, event) {
    node.answers.push(event.answer);
    if (node.answers.length > ANSWERS) node.answers.shift();
  }

  _data(node, event) {
    const answer = node.answers.find(({number}) => number === event.number);
    if (answer) Object.assign(answer, {data: event.data, data_error: event.data_error});
  }

  _health(node, event) {
    node.health = event.health;
  }

  _cameras(node, event) {
    node.cameras = event.cameras;
  }

  _parameters(node, event) {
    node.parameters = event.parameters;
  }

  _services(node, event) {
    node.services = event.services;
  }

  _presence(node, event) {
    node.present = event.present;
    node.starts = event.starts;
  }

  _picture_trouble(node, event) {
    node.troubles[event.camera] = event.trouble;
  }
}

// The stamp of now: the newest one that was heard, and the time since.
export function nowOf(node) {
  return node.newest && node.newest + (performance.now() - node.heardAt) / 1000;
}
