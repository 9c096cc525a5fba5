// The stage, and its API with the visitor's token, which is kept in memory alone.

import { createClient } from './fanout.js';

export const stage = {};
export let client;
/** Whether the token may list, replay and purge dead letters, and make up sizes. */
export let mayOperate = false;
let bearer = '';

export async function load() {
  Object.assign(stage, await (await fetch('config.json')).json());
  stage.needsToken = stage.auth !== 'none';
}

/** The token of the address, which is removed from there at once. */
export function takeToken() {
  const found = /[#&]token=([^&]+)/.exec(location.hash);
  if (found) history.replaceState(null, '', `${location.pathname}#upload`);
  return found ? decodeURIComponent(found[1]) : '';
}

/** Resolves once the API has accepted the token; rejects with why it did not. */
export async function signIn(token) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  // Replays nothing.
  const body = JSON.stringify({ paths: [] });
  const response = await fetch(`${stage.api}/dead-letters/replay`, { method: 'POST', headers, body }).catch(() => null);
  const { type } = response ? await response.json().catch(() => ({})) : {};
  // Without CORS headers, browsers do not tell a refusal from a lost connection.
  if (!response) throw Error('The stage does not accept this token, or cannot be reached.');
  if (!response.ok && type !== 'wrong_scope') throw Error(refusal(response.status));
  mayOperate = response.ok;
  bearer = token;
  client = createClient({ api: stage.api, token, signed: stage.signed });
}

const refusal = (status) =>
  [401, 403].includes(status)
    ? 'The stage does not accept this token. One that was made seconds ago may take a minute.'
    : `The API answered ${status}. Try again.`;

/** POST /render with a body that is no JSON: resolves with the picture as a Blob. */
export async function render(file, query, signal) {
  const url = `${stage.api}/render?${new URLSearchParams(query)}`;
  const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': file.type || 'application/octet-stream' };
  const response = await fetch(url, { method: 'POST', headers, body: file, signal });
  if (response.ok) return response.blob();
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(Error(problem.detail || problem.message || `HTTP ${response.status}`), { status: response.status, ...problem });
}
