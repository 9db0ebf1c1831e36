// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// What an operator asks for beside the words of answers: one of some choices, or JSON of a schema.

import {$, setAttribute, setText} from './elements.js';

const HELP = 'Separated by commas, or one a line.';

export class AskedData {
  #fields;
  #checked = 0;          // the number of the latest check: what an older one finds is let be

  // form: has the fields choices and json_schema, each with an element for what is wrong with it;
  // check: asks the console whether what was read makes sense, and is rejected with the reason
  constructor(form, check) {
    this.check = check;
    this.#fields = [form.choices, form.json_schema];
    for (const field of this.#fields) {
      field.addEventListener('input', () => this.#draw());
      field.addEventListener('change', () => this.isWell());
    }
    this.#draw();
  }

  // What was typed, as it was typed.
  get typed() {
    return this.#fields.map(({value}) => value);
  }

  set typed(values) {
    this.#fields.forEach((field, place) => {
      field.value = values[place];
    });
    this.#draw();
    if (this.#schema.value) $('by-schema').open = true;
  }

  get isEmpty() {
    return !this.typed.some(value => value.trim());
  }

  // The fields of the command.
  read() {
    return {choices: split(this.#choices.value), json_schema: this.#schema.value.trim()};
  }

  // Say whether it makes sense; if it does not, why is said at the field.
  async isWell() {
    const number = ++this.#checked;
    let trouble = '';
    if (!this.isEmpty) await this.check(this.read()).catch(({message}) => { trouble = message; });
    if (number === this.#checked) this.#tell(trouble);
    return !trouble;
  }

  // Have what is wrong be seen, and typed at.
  focus() {
    const wrong = this.#wrong;
    if (wrong === this.#schema) $('by-schema').open = true;
    wrong.focus();
  }

  get #choices() {
    return this.#fields[0];
  }

  get #schema() {
    return this.#fields[1];
  }

  get #wrong() {
    return this.#schema.value.trim() ? this.#schema : this.#choices;
  }

  #tell(trouble) {
    for (const field of this.#fields) {
      const own = field === this.#wrong ? trouble : '';
      setText($(`${field.name}-wrong`), own && `${own[0].toUpperCase()}${own.slice(1)}.`);
      setAttribute(field, 'aria-invalid', Boolean(own));
    }
  }

  #draw() {
    const {length} = split(this.#choices.value);
    setText($('choices-help'), length ? `${length} ${length === 1 ? 'choice' : 'choices'}` : HELP);
    setText($('schema-given'), this.#schema.value.trim() ? '(given)' : '');
    this.#checked++;
    this.#tell('');
  }
}

function split(text) {
  const whole = text.trim();
  return whole.split(whole.includes('\n') ? '\n' : ',').map(one => one.trim()).filter(Boolean);
}
