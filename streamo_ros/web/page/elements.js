// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// Elements and words. Texts from the graph come from anybody: they reach the page as text nodes and
// on canvases only, never as markup.

export const STATES = ['silence', 'standby', 'response'];
export const $ = id => document.getElementById(id);

export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

export const given = text => make('span', {class: 'given'}, text);

// Set what has changed only: screen readers and layout are told of every write.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

export const share = value => `${Math.round(100 * value)}%`;

const clock = new Intl.DateTimeFormat([], {
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23'});
const date = new Intl.DateTimeFormat([], {day: 'numeric', month: 'short'});

// A stamp of a wall clock as the time of day; one of a simulated clock in seconds.
export function time(stamp, places = 0) {
  if (stamp < 1e9) return `${stamp.toFixed(Math.max(1, places))} s`;
  const whole = clock.format(new Date(stamp * 1000));
  return places ? whole + (stamp % 1).toFixed(places).slice(1) : whole;
}

export function dayAndTime(stamp) {
  if (stamp < 1e9) return time(stamp);
  const day = new Date(stamp * 1000);
  const today = day.toDateString() === new Date().toDateString();
  return today ? time(stamp) : `${date.format(day)}, ${time(stamp)}`;
}

export function duration(seconds) {
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

export function span(start, end) {
  const [from, to] = [time(start), time(end)];
  return from === to ? dayAndTime(end) : `${dayAndTime(start)} – ${to}`;
}

// Have a button ask once more before it does what cannot be undone.
export function twice(button, question, action) {
  const text = button.textContent;
  let timer = null;
  const calm = () => {
    clearTimeout(timer);
    timer = null;
    button.textContent = button.dataset.text || text;
    button.classList.remove('sure');
  };
  button.addEventListener('click', () => {
    if (timer === null) {
      button.textContent = question;
      button.classList.add('sure');
      timer = setTimeout(calm, 4000);
    } else {
      calm();
      action();
    }
  });
  button.addEventListener('blur', () => timer !== null && calm());
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// The drawing of a canvas at the resolution of the screen.
export function drawing(canvas) {
  const {width, height} = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns;
    canvas.height = rows;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return {context, width, height};
}

// The first place in a sorted list whose entry is not below a value.
export function lowest(list, value) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
