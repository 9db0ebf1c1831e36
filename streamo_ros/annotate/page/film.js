// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// The film: one frame at a time, asked for by its second or as the neighbour of the one shown.

import {$, setText} from './elements.js';

export class Film {
  constructor(changed, failed) {
    this.at = 0;            // the second of the frame shown
    this.mark = 0;          // the same as it is marked
    this.camera = null;
    this.playing = false;
    this.changed = changed;
    this.failed = failed;
    this.target = null;     // a second to go to
    this.steps = 0;         // frames to go on or back
    this.busy = false;
  }

  go(at) {
    this.stop();
    this.seek(at);
  }

  seek(at) {
    this.target = Math.min(Math.max(at, this.camera.first), this.camera.last);
    this.steps = 0;
    return this.work();
  }

  step(by) {
    this.stop();
    this.steps += by;
    this.work();
  }

  // What is asked for while a frame comes is done after it; of several seconds the last one counts.
  async work() {
    if (this.busy) return;
    this.busy = true;
    document.body.dataset.busy = 'yes';
    while (this.target !== null || this.steps !== 0) {
      let [at, step] = [this.target, 0];
      if (at !== null) this.target = null;
      else {
        [at, step] = [this.at, Math.sign(this.steps)];
        this.steps -= step;
      }
      if (!await this.show(at, step)) this.steps = 0;
    }
    this.busy = false;
    document.body.dataset.busy = 'no';
  }

  async show(at, step) {
    const query = new URLSearchParams({camera: this.camera.topic, at, step});
    let answer, content;
    try {
      answer = await fetch(`frame?${query}`);
      content = answer.ok ? await answer.blob() : await answer.text();
    } catch {
      this.failed('The command does not answer: is it still running?');
      return false;
    }
    if (answer.status === 204) return false;    // the film begins or ends here
    if (!answer.ok) {
      this.failed(content);
      return false;
    }
    this.at = Number(answer.headers.get('Frame-At'));
    this.mark = Number(answer.headers.get('Frame-Mark'));
    const image = $('frame');
    const before = image.src;
    if (content.type === 'image/jpeg') {
      image.src = URL.createObjectURL(content);
      await image.decode().catch(() => null);
      setText($('trouble'), '');
    } else {
      image.removeAttribute('src');
      setText($('trouble'), JSON.parse(await content.text()).trouble);
    }
    if (before.startsWith('blob:')) URL.revokeObjectURL(before);
    this.changed();
    return true;
  }

  async play(speed) {
    if (this.playing) return this.stop();
    this.playing = true;
    this.changed();
    const [from, begun] = [this.at, performance.now()];
    while (this.playing && this.at < this.camera.last) {
      const due = from + (performance.now() - begun) / 1000 * speed;
      // The next one where the film is behind the clock, and not each one where it is far behind.
      if (due >= this.at + this.camera.period) await this.seek(due);
      await new Promise(requestAnimationFrame);
      if (document.hidden) break;
    }
    this.stop();
  }

  stop() {
    if (!this.playing) return;
    this.playing = false;
    this.changed();
  }
}
