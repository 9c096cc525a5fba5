// The console's frame: places, token, stage.

import { clear, h } from './dom.js';
import { client, load, mayOperate, signIn, stage, takeToken } from './stage.js';

const PATIENCE = 150; // milliseconds, before a page says what it waits for

// Each place is loaded when it is first visited, and keeps what it shows.
const PLACES = {
  upload: () => import('./upload.js'),
  playground: () => import('./playground.js'),
  lookup: () => import('./lookup.js'),
  letters: () => import('./letters.js'),
};
const shown = new Map();
const main = document.getElementById('main');

async function show() {
  const { hash } = location;
  const [place, query] = hash.slice(1).split('?');
  if (!(place in PLACES)) return;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${place}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const { open } = await PLACES[place]();
  // Whoever has gone on meanwhile is shown where they went.
  if (location.hash !== hash) return;
  if (!shown.has(place)) shown.set(place, open());
  const view = shown.get(place);
  clear(main, view.element);
  document.title = `${document.querySelector(`nav a[href="#${place}"]`).textContent} – Image Fan-out ${stage.stage}`;
  view.visit?.(new URLSearchParams(query));
}

function askForToken(problem = '') {
  const input = h('input', { id: 'secret', type: 'password', autocomplete: 'off', spellcheck: false, required: true, autofocus: true });
  const said = h('p', { className: 'failed', role: 'alert', textContent: problem });
  const dialog = h('dialog', { className: 'ask', oncancel: (event) => client || event.preventDefault(), onclose: () => dialog.remove(), 'aria-labelledby': 'ask-token' }, [
    h('form', { onsubmit: (event) => enter(event) }, [
      h('h2', { id: 'ask-token' }, `Token for stage ${stage.stage}`),
      h('p', {}, 'It stays in this page’s memory, and is forgotten when you close or reload it.'),
      stage.auth === 'token' && h('pre', { tabIndex: 0 }, `./fanout token create --name you --scope operate --stage ${stage.stage}`),
      h('label', { for: 'secret' }, stage.auth === 'jwt' ? 'JWT' : 'Token'),
      input,
      said,
      h('div', { className: 'actions' }, h('button', { className: 'primary' }, 'Continue')),
    ]),
  ]);
  async function enter(event) {
    event.preventDefault();
    said.textContent = '';
    try {
      await signIn(input.value.trim());
      dialog.close();
      begin();
    } catch (error) {
      said.textContent = error.message;
    }
  }
  if (!client) clear(main);
  document.body.append(dialog);
  dialog.showModal();
}

function begin() {
  const button = document.getElementById('token');
  button.hidden = !stage.needsToken;
  button.textContent = mayOperate ? 'Operator' : 'Uploads only';
  button.title = mayOperate
    ? 'This token may upload, and handle dead letters. Click to use another.'
    : 'This token may upload, look up and delete; not replay or purge. Click to use another.';
  button.onclick = () => askForToken();
  shown.clear();
  // Not earlier: places send the token with what they ask for.
  addEventListener('hashchange', show);
  if (!(location.hash.slice(1).split('?')[0] in PLACES)) history.replaceState(null, '', '#upload');
  show();
}

async function start() {
  const token = takeToken();
  const waiting = setTimeout(() => clear(main, h('p', { className: 'empty' }, 'Asking the stage what it is …')), PATIENCE);
  await load();
  const chip = document.getElementById('stage');
  chip.textContent = stage.stage;
  chip.dataset.stage = stage.stage === 'prod' ? 'prod' : 'other';
  // A file that is dropped beside a place's own would be opened instead of this page.
  for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());
  const offline = document.getElementById('offline');
  const look = () => {
    offline.hidden = navigator.onLine;
    offline.textContent = 'No connection. Uploads go on when it is back.';
  };
  addEventListener('online', look);
  addEventListener('offline', look);
  try {
    if (stage.needsToken && !token) return askForToken();
    await signIn(token);
  } catch (error) {
    return askForToken(error.message);
  } finally {
    clearTimeout(waiting);
  }
  return begin();
}

start().catch((error) => {
  clear(main, h('p', { className: 'empty', role: 'alert' }, `The console cannot start: ${error.message}. Reload the page.`));
});
