// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// How a node is, in plain words: in a line at the top, and part by part.

import {$, given, make, setAttribute, setText} from './elements.js';

const MARKS = {ok: 'good', warn: 'look', error: 'wrong'};
const GRAVEST = ['error', 'warn', 'ok'];

// The line at the top: [level, word, sentence].
export function summary(node, connected) {
  if (!connected) {
    return ['error', 'not connected', 'The console does not answer; what is shown is old. '
      + 'Trying again …'];
  }
  if (!node) return ['warn', 'connecting …', ''];
  if (!node.present) {
    return ['error', 'gone', `Nothing is heard of ${node.name}: is it running? `
      + 'What is shown is old.'];
  }
  const wrong = node.health.filter(({level}) => level !== 'ok')
    .sort((a, b) => GRAVEST.indexOf(a.level) - GRAVEST.indexOf(b.level));
  if (!wrong.length) return ['ok', 'watching', ''];
  const {part, level, message} = wrong[0];
  const more = wrong.length > 1 ? ` (and ${wrong.length - 1} more below)` : '';
  return [level, level === 'error' ? 'trouble' : 'attention',
    `${part}: ${message}${more}`];
}

export class Health {
  #rows = new Map();

  draw(node, connected) {
    const [level, word, sentence] = summary(node, connected);
    setAttribute($('link'), 'data-level', level);
    setText($('link'), word);
    setText($('summary'), sentence);
    if (!node) return;
    const parts = new Set(node.health.map(({part}) => part));
    for (const [part, row] of this.#rows) {
      if (!parts.has(part)) {
        row.element.remove();
        this.#rows.delete(part);
      }
    }
    for (const {part, level: how, message, values} of node.health) {
      const row = this.#rows.get(part) || this.#add(part);
      setAttribute(row.element, 'data-level', node.present ? how : 'warn');
      setText(row.mark, node.present ? MARKS[how] : 'old');
      setText(row.message, `${part}: ${message}`);
      this.#figures(row, values);
    }
  }

  #add(part) {
    const row = {mark: make('span', {class: 'mark'}), message: given(''), list: make('dl')};
    row.message.classList.add('message');
    row.element = make('li', {}, make('details', {},
      make('summary', {}, row.mark, row.message), row.list));
    $('parts').append(row.element);
    this.#rows.set(part, row);
    return row;
  }

  #figures({list}, values) {
    const names = Object.keys(values);
    if (list.children.length !== 2 * names.length) {
      list.replaceChildren(...names.flatMap(() => [make('dt'), make('dd', {class: 'given'})]));
    }
    names.forEach((name, place) => {
      setText(list.children[2 * place], name.replaceAll('_', ' '));
      setText(list.children[2 * place + 1], values[name] === '' ? '–' : values[name]);
    });
  }
}
