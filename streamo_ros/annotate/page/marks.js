// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// What is asked and what happens, with all that was before: every change can be undone, and is saved
// at once.

const SAVE_MS = 200;
const MOST_UNDONE = 500;

export class Marks {
  constructor(changed, told) {
    this.instructions = [];
    this.current = 0;
    this.selected = null;   // an event of the current instruction
    this.begun = null;      // the second at which an event begins that is not complete
    this.version = 0;
    this.changed = changed;
    this.told = told;
    this.before = [];
    this.undone = [];
    this.timer = null;
    this.saving = false;
  }

  take(found) {
    this.instructions = found.instructions;
    this.version = found.version;
  }

  get instruction() {
    return this.instructions[this.current] || null;
  }

  get events() {
    return (this.instruction && this.instruction.events) || [];
  }

  change(action) {
    this.before.push(this.snapshot());
    if (this.before.length > MOST_UNDONE) this.before.shift();
    this.undone = [];
    action();
    this.save();
  }

  snapshot() {
    return JSON.stringify([this.instructions, this.current, this.selected]);
  }

  undo(from = this.before, to = this.undone) {
    if (!from.length) return false;
    to.push(this.snapshot());
    [this.instructions, this.current, this.selected] = JSON.parse(from.pop());
    this.begun = null;
    this.save();
    return true;
  }

  redo() {
    return this.undo(this.undone, this.before);
  }

  add(text, camera) {
    const taken = new Set(this.instructions.map(one => one.id));
    const words = (text.toLowerCase().match(/[a-z0-9]+/g) || ['instruction']).slice(-2).join('-');
    let id = words;
    for (let number = 2; taken.has(id); number++) id = `${words}-${number}`;
    this.change(() => {
      this.instructions.push(
        {id, text, asked: 0, camera, task: 'event_caption', skill: '', events: null});
      this.current = this.instructions.length - 1;
      this.selected = this.begun = null;
    });
  }

  complete(end) {
    const one = this.instruction;
    const start = this.begun === null ? end : this.begun;
    const said = (one.events || []).filter(event => event.answer);
    const event = {start, end, answer: said.length ? said[said.length - 1].answer : ''};
    this.change(() => {
      one.events = [...this.events, event].sort((a, b) => a.start - b.start || a.end - b.end);
      this.selected = one.events.indexOf(event);
    });
    this.begun = null;
    this.changed();
  }

  save() {
    this.changed();
    this.told('saving …', 'warn');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), SAVE_MS);
  }

  get isSaved() {
    return this.timer === null && !this.saving;
  }

  async send() {
    if (this.saving) return;    // it looks again when it is done
    this.saving = true;
    this.timer = null;
    let trouble = null;
    try {
      const answer = await fetch('annotations', {
        method: 'PUT', headers: {'Content-Type': 'application/json'},
        body: JSON.stringify({
          version: this.version, instructions: this.instructions.map(
            one => (one.events === null ? {...one, events: undefined} : one))})});
      if (answer.ok) this.version = (await answer.json()).version;
      else trouble = await answer.text();
    } catch {
      trouble = 'The command does not answer: is it still running?';
    }
    this.saving = false;
    this.failed = trouble !== null;
    if (this.timer === null) this.told(trouble ? `not saved: ${trouble}` : 'saved', trouble ? 'error' : 'ok');
    else if (!trouble) this.send();
  }
}
