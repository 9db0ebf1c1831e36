// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// What an operator tells a node: instructions, parameters, pause, reset.

import {AskedData} from './asked_data.js';
import {$, make, setAttribute, setText, twice} from './elements.js';

const WAIT_MS = 8000;  // for a node to take up an instruction, before the operator is told

export class Control {
  #node = null;
  #sent = null;          // {id, timer, text, typed} of the instruction whose states are waited for
  #fields = new Map();

  constructor(connection, notice) {
    this.connection = connection;
    this.notice = notice;
    this.data = new AskedData(
      $('instruct'), fields => connection.ask('check', this.#node.name, fields));
    $('instruct').addEventListener('submit', event => {
      event.preventDefault();
      this.#instruct(event.target);
    });
    twice($('clear'), 'Withdraw all: sure?', () => this.#ask('clear', {}, ''));
    twice($('reset'), 'Forget it all: sure?', () => this.#ask('reset', {}, 'Done'));
    $('enable').addEventListener('click', () => this.#ask(
      'enable', {enabled: !this.#active(this.#node)}, 'Done'));
    document.addEventListener('keydown', event => {
      if (event.key === '/' && !event.target.closest('input, select, textarea, dialog')) {
        event.preventDefault();
        $('text').focus();
      }
    });
    $('parameters').addEventListener('submit', event => event.preventDefault());
  }

  #ask(what, fields, well) {
    setText($('controlled'), '…');
    return this.connection.ask(what, this.#node.name, fields).then(
      value => setText($('controlled'), value ? `${well}: ${value}.` : well),
      error => {
        setText($('controlled'), '');
        this.notice(`${capital(what)} failed: ${error.message}.`, 'error');
      });
  }

  async #instruct(form) {
    const text = form.text.value.trim();
    if (!text || !this.#node) return;
    const node = this.#node;
    const {typed} = this.data;
    const fields = {
      text, camera: form.camera.value, once: form.once.value === 'once', ...this.data.read()};
    this.#tell('Sent …');
    if (!await this.data.isWell()) {
      this.#tell('Not sent: see what is wrong with the data that it asks for.', true);
      this.data.focus();
      return;
    }
    try {
      const id = await this.connection.ask('instruct', node.name, fields);
      form.text.value = '';
      this.data.typed = ['', ''];
      clearTimeout(this.#sent && this.#sent.timer);
      this.#sent = {id, text, typed, timer: setTimeout(
        () => this.#tell('The node has not taken it up yet: see its health.', true), WAIT_MS)};
      if ([...this.#node.lanes.values()].some(lane => lane.id === id)) this.#acknowledge();
    } catch (error) {
      this.#tell(`Not sent: ${error.message}.`, true);
    }
  }

  #tell(words, trouble = false) {
    $('instructed').classList.toggle('trouble', trouble);
    setText($('instructed'), words);
  }

  #acknowledge() {
    clearTimeout(this.#sent.timer);
    this.#sent = null;
    this.#tell('It stands: judged from the next picture on.');
  }

  // Take an event that may be about the instruction that was sent last.
  take(event) {
    if (event.kind === 'refused') {
      const mine = this.#sent && this.#sent.id === event.id;
      if (mine) {
        clearTimeout(this.#sent.timer);
        if (!$('text').value) {
          $('text').value = this.#sent.text;
          if (this.data.isEmpty) this.data.typed = this.#sent.typed;
        }
        this.#sent = null;
        this.#tell(`Refused: ${event.detail}.`, true);
      } else {
        this.notice(`An instruction was refused (${event.text || event.id}): ${event.detail}.`);
      }
    } else if (event.kind === 'state' && this.#sent && this.#sent.id === event.id) {
      this.#acknowledge();
    }
  }

  #active = node => !node.health.some(
    ({part, values}) => part === 'model' && values.lifecycle !== 'active');

  draw(node, specification) {
    this.#node = node;
    for (const [select, all] of [[$('instruct-camera'), 'all'], [$('log-camera'), 'all']]) {
      const names = ['', ...node.cameras.map(({name}) => name)];
      if ([...select.options].map(({value}) => value).join('\n') !== names.join('\n')) {
        const chosen = select.value;
        select.replaceChildren(
          ...names.map(name => make('option', {value: name}, name || all)));
        if (names.includes(chosen)) select.value = chosen;
      }
    }
    const words = this.#active(node) ? 'Pause watching' : 'Watch again';
    setText($('enable'), words);
    for (const id of ['enable', 'reset']) $(id).disabled = !node.present;
    for (const one of specification) this.#parameter(node, one);
  }

  #parameter(node, {name, description, least, most}) {
    let input = this.#fields.get(name);
    if (!input) {
      input = make('input', {
        type: 'number', min: least, max: most, step: 'any', inputmode: 'decimal',
        'aria-describedby': `about-${name}`,
        onchange: () => this.#set(name, input)});
      $('parameters').append(make('label', {}, make('span', {}, name.replaceAll('_', ' ')), input,
        make('small', {id: `about-${name}`}, description)));
      this.#fields.set(name, input);
    }
    const value = node.parameters[name];
    input.disabled = value === undefined || !node.present;
    if (value !== undefined && document.activeElement !== input && !input.dataset.sent) {
      if (input.value !== String(value)) input.value = value;
      setAttribute(input, 'data-value', value);
    }
  }

  async #set(name, input) {
    const node = this.#node;
    if (!input.value || !input.checkValidity()) {
      this.notice(`${capital(name)}: ${input.validationMessage || 'give a number'}`, 'error');
      input.value = node.parameters[name];
      return;
    }
    input.dataset.sent = 'yes';
    try {
      await this.connection.ask('set', node.name, {name, value: Number(input.value)});
      setText($('controlled'), `${name.replaceAll('_', ' ')} is ${input.value} now.`);
    } catch (error) {
      this.notice(`Not changed: ${error.message}.`, 'error');
      input.value = node.parameters[name];
    } finally {
      delete input.dataset.sent;
    }
  }
}

const capital = text => (text[0].toUpperCase() + text.slice(1)).replaceAll('_', ' ');
