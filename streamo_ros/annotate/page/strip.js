// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// A strip of time: the events of the current instruction on it, and the frame that is shown.

import {colour, drawing, setAttribute} from './elements.js';

const LABELS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];

export function clock(seconds, places = 3) {
  const sign = seconds < 0 ? '-' : '';
  const scale = 10 ** places;
  const whole = Math.round(Math.abs(seconds) * scale) / scale;
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = (whole % 60).toFixed(places).padStart(places ? places + 3 : 2, '0');
  const head = parts[0] ? `${parts[0]}:${String(parts[1]).padStart(2, '0')}` : `${parts[1]}`;
  return `${sign}${head}:${rest}`;
}

export class Strip {
  constructor(element, go) {
    this.element = element;
    this.canvas = element.querySelector('canvas');
    [this.from, this.to] = [0, 1];
    const move = event => {
      const {left, width} = element.getBoundingClientRect();
      go(this.from + (event.clientX - left) / width * (this.to - this.from));
    };
    element.addEventListener('pointerdown', event => {
      element.setPointerCapture(event.pointerId);
      move(event);
    });
    element.addEventListener('pointermove', event => event.buttons && move(event));
  }

  draw(from, to, at, marks) {
    [this.from, this.to] = [from, Math.max(to, from + 1e-3)];
    setAttribute(this.element, 'aria-valuemin', from.toFixed(3));
    setAttribute(this.element, 'aria-valuemax', to.toFixed(3));
    setAttribute(this.element, 'aria-valuenow', at.toFixed(3));
    setAttribute(this.element, 'aria-valuetext', clock(at));
    const {context, width, height} = drawing(this.canvas);
    const x = second => (second - this.from) / (this.to - this.from) * width;
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'bottom';
    const step = LABELS.find(one => x(this.from + one) > 70) || 86400;
    context.fillStyle = colour('dim');
    for (let second = Math.ceil(from / step) * step; second <= to; second += step) {
      context.fillRect(x(second), height - 4, 1, 4);
      context.fillText(clock(second, 0), x(second) + 3, height);
    }
    marks.events.forEach((event, place) => {
      const [left, right] = [x(event.start), x(event.end)];
      if (right < -3 || left > width + 3) return;
      context.fillStyle = colour('standby');
      context.fillRect(left, 4, Math.max(right - left, 1), 8);
      context.fillStyle = colour('response');
      context.fillRect(right, 1, 3, 14);
      if (place === marks.selected) {
        context.strokeStyle = colour('accent');
        context.lineWidth = 2;
        context.strokeRect(left - 2, 1, right - left + 7, 14);
      }
    });
    if (marks.begun !== null) {
      context.fillStyle = colour('standby');
      context.fillRect(x(marks.begun), 6, Math.max(x(at) - x(marks.begun), 2), 4);
    }
    context.fillStyle = colour('text');
    context.fillRect(x(at) - 1, 0, 2, height);
  }
}
