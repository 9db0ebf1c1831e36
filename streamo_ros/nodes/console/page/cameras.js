// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// The live pictures. A camera is asked for only while its picture is on the screen.

import {$, given, make, setAttribute, setText, time} from './elements.js';

export class Cameras {
  #screens = new Map();
  #node = null;

  constructor(connection) {
    this.connection = connection;
    this.seen = new IntersectionObserver(entries => {
      for (const {target, isIntersecting} of entries) {
        for (const screen of this.#screens.values()) {
          if (screen.figure === target) screen.visible = isIntersecting;
        }
      }
      this.look();
    });
    document.addEventListener('visibilitychange', () => this.look());
  }

  // Ask for what is on the screen, and for nothing else.
  look() {
    for (const screen of this.#screens.values()) {
      const looks = screen.visible && !screen.hidden && !document.hidden;
      if (looks !== screen.looks) {
        screen.looks = looks;
        this.connection.ask('look', screen.node, {camera: screen.camera, looks}).catch(() => {
          screen.looks = false;
        });
      }
    }
  }

  // Nothing is asked for any more: the connection was lost.
  forget() {
    for (const screen of this.#screens.values()) screen.looks = false;
  }

  draw(node) {
    if (this.#node !== node.name) {
      for (const key of [...this.#screens.keys()]) this.#remove(key);
      this.#node = node.name;
    }
    const names = new Set(node.cameras.map(({name}) => name));
    for (const [key, screen] of this.#screens) if (!names.has(screen.camera)) this.#remove(key);
    for (const {name, topic} of node.cameras) {
      const screen = this.#screens.get(name) || this.#add(node, name);
      setText(screen.topic, topic);
      setText(screen.trouble, node.present ? node.troubles[name] || '' : '');
      let state = 0;
      for (const lane of node.lanes.values()) {
        if (lane.camera === name && lane.standing && lane.decided && lane.status === 'ok') {
          state = Math.max(state, lane.state);
        }
      }
      setAttribute(screen.figure, 'data-state', state);
    }
    this.look();
  }

  #add(node, camera) {
    const canvas = make('canvas', {
      width: 640, height: 480, role: 'img', 'aria-label': `Live picture of camera ${camera}`});
    const trouble = make('p', {role: 'status'});
    const topic = given('');
    const clock = make('span', {'aria-hidden': 'true'});
    const screen = {
      node: node.name, camera, canvas, trouble, topic, clock, visible: false, hidden: false,
      looks: false, busy: false};
    const hide = make('button', {
      type: 'button', class: 'quiet', 'aria-pressed': 'false',
      'aria-label': `Hide the picture of camera ${camera}`,
      onclick: () => {
        screen.hidden = !screen.hidden;
        hide.setAttribute('aria-pressed', screen.hidden);
        setText(hide, screen.hidden ? 'Show' : 'Hide');
        screen.figure.firstChild.hidden = screen.hidden;
        this.look();
      }}, 'Hide');
    screen.figure = make('figure', {},
      make('div', {class: 'screen'}, canvas, trouble),
      make('figcaption', {}, make('strong', {class: 'given'}, camera), topic, clock, hide));
    document.querySelector('#cameras .pictures').append(screen.figure);
    this.#screens.set(camera, screen);
    this.seen.observe(screen.figure);
    return screen;
  }

  #remove(key) {
    const screen = this.#screens.get(key);
    if (screen.looks) {
      this.connection.ask('look', screen.node, {camera: screen.camera, looks: false})
        .catch(() => {});
    }
    this.seen.unobserve(screen.figure);
    screen.figure.remove();
    this.#screens.delete(key);
  }

  async show({node, camera, stamp, width, height}, blob) {
    const screen = node === this.#node && this.#screens.get(camera);
    if (!screen || screen.busy) return;  // one at a time: a slow browser shows fewer
    screen.busy = true;
    try {
      const bitmap = await createImageBitmap(blob);
      if (screen.canvas.width !== width || screen.canvas.height !== height) {
        screen.canvas.width = width;
        screen.canvas.height = height;
        screen.canvas.parentNode.style.aspectRatio = `${width} / ${height}`;
      }
      screen.canvas.getContext('2d').drawImage(bitmap, 0, 0);
      bitmap.close();
      setText(screen.clock, time(stamp, 1));
      screen.canvas.dataset.stamp = stamp;
    } catch {
      setText(screen.trouble, 'this picture cannot be shown');
    } finally {
      screen.busy = false;
    }
  }
}
