// Copyright 2026 The streamo_ros contributors. Licensed under the Apache License, Version 2.0:
// http://www.apache.org/licenses/LICENSE-2.0

// The WebSocket: what the console says, and what is asked of it; it connects again by itself.

const PATIENCE_MS = 12000;
const MAX_BYTES = 65536;   // of a command: what is longer, the console ends the connection for
const SILENT_MS = 12000;   // without a sign of life, which comes every three seconds

export class Connection {
  #socket = null;
  #number = 0;
  #waiting = new Map();
  #retry = 500;

  // take: gets each event; picture: gets (head, JPEG); told: gets whether it is connected; locked:
  // called when a token is wanted
  constructor({take, picture, told, locked}) {
    Object.assign(this, {take, picture, told, locked});
  }

  async open() {
    let session;
    try {
      session = await fetch('session', {signal: AbortSignal.timeout(PATIENCE_MS)});
    } catch {
      this.#later();
      return;
    }
    if (session.status === 401) {
      this.locked();
      return;
    }
    const url = new URL('live', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = this.#socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    let heard = performance.now();
    // A network that is cut says nothing, and the closing of a socket waits for an answer.
    const watchdog = setInterval(() => {
      if (performance.now() - heard > SILENT_MS) lose();
    }, 1000);
    const lose = () => {
      if (this.#socket !== socket) return;
      clearInterval(watchdog);
      this.#socket = null;
      socket.close();
      for (const {reject} of this.#waiting.values()) reject(new Error('the console is gone'));
      this.#waiting.clear();
      this.told(false);
      this.#later();
    };
    socket.addEventListener('open', () => {
      this.#retry = 500;
      this.told(true);
    });
    socket.addEventListener('message', ({data}) => {
      if (this.#socket !== socket) return;
      heard = performance.now();
      if (typeof data === 'string') for (const event of JSON.parse(data)) this.#take(event);
      else this.#show(data);
    });
    socket.addEventListener('close', lose);
  }

  #later() {
    setTimeout(() => this.open(), this.#retry);
    this.#retry = Math.min(5000, this.#retry * 1.6);
  }

  #take(event) {
    if (event.kind !== 'reply') {
      this.take(event);
      return;
    }
    const waiting = this.#waiting.get(event.number);
    if (!waiting) return;
    this.#waiting.delete(event.number);
    if (event.trouble) waiting.reject(new Error(event.trouble));
    else waiting.resolve(event.value);
  }

  #show(data) {
    const length = new DataView(data).getUint16(0);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 2, length)));
    this.picture(head, new Blob([new Uint8Array(data, 2 + length)], {type: 'image/jpeg'}));
  }

  // Ask for something; the promise is kept with what came of it, or broken with the reason.
  ask(what, node, fields = {}, patience = PATIENCE_MS) {
    if (!this.#socket || this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Error('the console is not connected'));
    }
    const number = ++this.#number;
    const command = JSON.stringify({number, do: what, node, ...fields});
    if (new Blob([command]).size > MAX_BYTES) {
      return Promise.reject(new Error('that is too long: make it smaller'));
    }
    this.#socket.send(command);
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, {resolve, reject});
      setTimeout(() => {
        if (this.#waiting.delete(number)) reject(new Error('the console did not answer'));
      }, patience);
    });
  }
}
