'use strict';

const PERIOD_MS = 1000;
const element = id => document.getElementById(id);
let token = sessionStorage.getItem('operator') ?? '';

function row(...cells) {
  const made = document.createElement('tr');
  for (const cell of cells) {
    const data = made.appendChild(document.createElement('td'));
    data.textContent = cell;
    if (typeof cell === 'number') data.className = 'number';
  }
  return made;
}

function show(fleet) {
  element('state').textContent = `${fleet.checkpoint} is served`
    + (fleet.draining ? '; the server is about to end and takes no more streams.' : '.');
  element('devices').replaceChildren(...fleet.devices.map((one, number) => one.trouble
    ? row(number, one.trouble)
    : row(number, `${one.streams} of ${one.most_streams}`, `${(100 * one.share).toFixed(1)} %`,
      `${(1000 * one.tick_s).toFixed(1)} ms`)));
  element('streams').replaceChildren(...fleet.streams.map(one => row(
    one.robot, one.stream, one.device, one.fps, one.ticks, one.responses,
    `${(1000 * one.late_s).toFixed(1)} ms`, one.instructions.join('; '))));
  element('none').hidden = fleet.streams.length > 0;
}

async function look() {
  try {
    const answer = await fetch('streams', {headers: {Authorization: `Bearer ${token}`}});
    const known = answer.status !== 401;
    element('token-form').hidden = known;
    element('fleet').hidden = !known;
    if (answer.ok) show(await answer.json());
    else element('state').textContent = known
      ? `The server answers ${answer.status}.`
      : token ? 'That is not the secret of the operator.' : 'Who are you?';
  } catch {
    element('state').textContent = 'The server does not answer.';
  }
  setTimeout(look, PERIOD_MS);
}

element('token-form').addEventListener('submit', event => {
  event.preventDefault();
  token = element('token').value;
  sessionStorage.setItem('operator', token);
});
look();
