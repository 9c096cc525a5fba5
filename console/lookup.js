// The place to look up: all that is known of one photo, by its path or the URL of a variant.

import { age, bytes, clear, confirm, count, duration, format, h, name as bdi, times } from './dom.js';
import { advice, what } from './reasons.js';
import { client, mayOperate, stage } from './stage.js';

const HEADERS = ['content-type', 'content-length', 'cache-control', 'etag', 'age', 'x-cache', 'via', 'last-modified', 'vary'];

export function open() {
  const input = h('input', { id: 'path', type: 'search', placeholder: '2026/sea.jpg, or the URL of a variant', autocomplete: 'off', spellcheck: false, required: true, dir: 'auto' });
  const found = h('section', { 'aria-live': 'polite' });
  const element = h('div', { className: 'page' }, [
    h('h1', {}, 'Look up a photo'),
    h('form', { className: 'search', role: 'search', onsubmit: submit }, [
      h('label', { for: 'path', className: 'hidden' }, 'Path or URL'),
      input,
      h('button', { className: 'primary' }, 'Look up'),
    ]),
    found,
  ]);
  let asked = 0;

  function submit(event) {
    event.preventDefault();
    const path = pathOf(input.value);
    input.value = path;
    history.replaceState(null, '', `#lookup?path=${encodeURIComponent(path)}`);
    show(path);
  }

  async function show(path) {
    const turn = ++asked;
    const waiting = setTimeout(() => clear(found, h('p', { className: 'empty' }, 'Asking the API for its status …')), 150);
    try {
      const status = await client.call('GET', `/uploads?path=${encodeURIComponent(path)}${stage.signed ? `&signed=${stage.signed}` : ''}`);
      if (turn === asked) await draw(status, turn);
    } catch (error) {
      if (turn === asked) clear(found, h('p', { className: 'empty failed', role: 'alert' }, error.message));
    } finally {
      clearTimeout(waiting);
    }
  }

  async function draw(status, turn) {
    const sizes = Object.entries(status.sizes);
    if (sizes.every(([, size]) => size.state === 'gone')) {
      return clear(found, h('p', { className: 'empty' }, ['There is no photo at ', h('strong', {}, bdi(status.path)), '.']));
    }
    const delivered = new Map(await Promise.all(sizes.map(async ([name, size]) => [name, await deliver(size)])));
    if (turn !== asked) return null;
    const original = [...delivered.values()].find((each) => each?.original);
    const cards = sizes.map(([name, size]) => card(status.path, name, size, delivered.get(name), original));
    return clear(found, h('div', { className: 'page' }, [
      h('div', {}, [
        h('h2', {}, bdi(status.path)),
        h('dl', { className: 'facts tabular' }, facts(status, original)),
      ]),
      h('div', { className: 'cards' }, cards),
      h('div', { className: 'actions' }, [
        h('button', { className: 'quiet', textContent: 'Look again', onclick: () => show(status.path) }),
        h('button', { className: 'danger', textContent: 'Delete photo', onclick: () => remove(status.path) }),
      ]),
    ]));
  }

  function facts(status, original) {
    const states = Object.values(status.sizes).map((size) => size.state);
    const summary = ['ready', 'pending', 'failed'].map((state) => [states.filter((each) => each === state).length, state]).filter(([n]) => n);
    const rows = [
      ['sizes', summary.map(([n, state]) => `${n} ${state}`).join(', ')],
      original && ['original', times(original.pixels)],
      original && ['its ETag', original.etag],
      status.fetch && ['fetch job', status.fetch.state === 'failed' ? `${what(status.fetch.reason)} ${status.fetch.error || ''}` : 'pending'],
    ];
    return rows.filter(Boolean).flatMap(([term, text]) => [h('dt', {}, term), h('dd', {}, text)]);
  }

  function card(path, name, size, delivered, original) {
    const [variant] = size.variants;
    const state = stateOf(name, size, delivered, original);
    const shown = variant && delivered?.url ? h('img', { src: delivered.url, alt: `${path} at ${name}` }) : h('span', { className: size.state === 'failed' ? 'failed' : 'muted' }, size.state === 'failed' ? what(size.reason) : 'not rendered yet');
    const others = size.variants.slice(1).map((each) => h('p', { className: 'muted' }, [h('a', { href: each.url, target: '_blank', rel: 'noopener' }, format(each.content_type)), ` ${bytes(each.bytes)}`]));
    return h('article', { className: 'card' }, [
      h('div', { className: 'shown' }, shown),
      h('div', { className: 'text tabular' }, [
        h('strong', {}, name),
        h('span', { className: state.kind }, state.text),
        variant && h('span', { className: 'muted' }, [times(variant.pixels), bytes(delivered?.bytes ?? variant.bytes), format(delivered?.type || variant.content_type), delivered?.took && duration(delivered.took)].filter(Boolean).join(' · ')),
        variant && h('span', { className: 'muted' }, `rendered ${age(variant.modified)}`),
        variant && h('a', { href: variant.url, target: '_blank', rel: 'noopener' }, 'its address'),
        ...others,
        size.state === 'failed' && h('span', {}, advice(size.reason)),
        size.state === 'failed' && h('span', { className: 'muted' }, size.error || ''),
        size.state === 'failed' && mayOperate && h('span', {}, h('button', { className: 'link', textContent: 'Replay', onclick: (event) => replay(event.target, path, name) })),
      ]),
      delivered?.headers && h('details', {}, [h('summary', {}, 'Headers as delivered'), h('dl', { className: 'facts' }, delivered.headers.flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, value)]))]),
    ]);
  }

  async function replay(button, path, name) {
    button.disabled = true;
    try {
      const { taken } = await client.call('POST', '/dead-letters/replay', { sizes: [name], paths: [path] });
      button.replaceWith(taken ? 'Replayed. Look again in a moment.' : 'Its dead letter is not in the queue.');
    } catch (error) {
      button.replaceWith(error.message);
    }
  }

  async function remove(path) {
    const detail = `${path} is deleted at every size, on stage ${stage.stage}. Browsers may keep their copies for a while.`;
    if (!(await confirm('Delete this photo?', 'Delete photo', detail))) return;
    try {
      await client.call('DELETE', `/uploads?path=${encodeURIComponent(path)}`);
      clear(found, h('p', { className: 'empty', role: 'status' }, ['Deleted ', h('strong', {}, bdi(path)), `, and ${count(stage.sizes.length, 'size')} with it in a few seconds.`]));
    } catch (error) {
      clear(found, h('p', { className: 'empty failed', role: 'alert' }, error.message));
    }
  }

  return {
    element,
    visit: (query) => {
      const path = query.get('path');
      if (path && path !== input.value) {
        input.value = path;
        show(path);
      } else if (!path) input.focus();
    },
  };
}

/** Returns the photo's path: of a variant's URL what follows the size's folder. */
export function pathOf(text) {
  const given = text.trim();
  if (!/^https?:\/\//.test(given)) return given.replace(/^\/+/, '');
  const [, folder, ...path] = new URL(given).pathname.split('/');
  const isSize = stage.sizes.some(({ name }) => folder === name || folder.startsWith(`${name}.`));
  const rest = isSize ? path.join('/') : [folder, ...path].join('/');
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}

/** What a variant is as the CDN delivers it; its metadata tells which original and recipe it has. */
async function deliver(size) {
  const [variant] = size.variants;
  if (!variant) return null;
  const began = performance.now();
  try {
    const response = await fetch(variant.url, { cache: 'no-store' });
    if (!response.ok) throw Error(`HTTP ${response.status}`);
    const blob = await response.blob();
    const header = (key) => response.headers.get(key);
    return {
      url: URL.createObjectURL(blob),
      bytes: blob.size,
      type: blob.type.split(';')[0],
      took: performance.now() - began,
      recipe: header('x-amz-meta-recipe'),
      original: header('x-amz-meta-original-pixels'),
      pixels: header('x-amz-meta-original-pixels'),
      etag: header('x-amz-meta-original-etag'),
      headers: HEADERS.filter(header).map((key) => [key, header(key)]),
    };
  } catch (error) {
    return { url: variant.url, problem: error.message };
  }
}

function stateOf(name, size, delivered, original) {
  if (size.state === 'failed') return { kind: 'failed', text: 'failed' };
  if (size.state === 'pending') return { kind: 'waiting', text: 'missing, or of an older original' };
  if (delivered?.problem) return { kind: 'failed', text: `stored, but the CDN does not deliver it: ${delivered.problem}` };
  const { recipe } = stage.sizes.find((each) => each.name === name) || {};
  if (delivered?.recipe && delivered.recipe !== recipe) return { kind: 'waiting', text: 'stale: made by an older recipe; run fanout backfill' };
  if (delivered?.etag && original?.etag !== delivered.etag) return { kind: 'waiting', text: 'stale at the CDN: of an older original' };
  return { kind: 'ready', text: 'current' };
}
