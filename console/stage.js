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

/** Resolves once the API has accepted the token; rejects with its error. */
export async function signIn(token) {
  client = createClient({ api: stage.api, token });
  bearer = token;
  try {
    // Replays nothing.
    await client.call('POST', '/dead-letters/replay', { paths: [] });
    mayOperate = true;
  } catch (error) {
    if (error.type !== 'wrong_scope') throw error;
    mayOperate = false;
  }
}

/** POST /render with a body that is no JSON: resolves with the picture as a Blob. */
export async function render(file, query, signal) {
  const url = `${stage.api}/render?${new URLSearchParams(query)}`;
  const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': file.type || 'application/octet-stream' };
  const response = await fetch(url, { method: 'POST', headers, body: file, signal });
  if (response.ok) return response.blob();
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(Error(problem.detail || problem.message || `HTTP ${response.status}`), { status: response.status, ...problem });
}
