// What is known of a photo: facts from its status, and its variants as the CDN delivers them.

import { age, bytes, h, times } from './dom.js';
import { advice, what } from './reasons.js';
import { stage } from './stage.js';

const HEADERS = ['content-type', 'content-length', 'cache-control', 'etag', 'age', 'x-cache', 'via', 'last-modified', 'vary'];
const STALE = {
  original: 'of an older original, or focal point',
  recipe: 'the size has another recipe now',
  put_options: 'stored with another Cache-Control or ACL than the stage’s now',
};

export const when = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

export const isCurrent = (size) => size.state === 'ready' && !size.stale;

export const facts = (title, rows) =>
  h('section', { 'aria-label': title }, [
    h('h3', {}, title),
    h('dl', { className: 'facts tabular' }, rows.filter(Boolean).flatMap(([term, ...text]) => [h('dt', {}, term), h('dd', {}, text)])),
  ]);

export function originalFacts({ original }, pixels) {
  if (!original) return [['state', 'there is none yet']];
  return [
    ['type', original.content_type || 'unknown'],
    ['length', `${bytes(original.bytes)} (${original.bytes.toLocaleString('en')} bytes)`],
    pixels && ['pixels', times(pixels)],
    ['uploaded', h('time', { dateTime: original.modified, title: age(original.modified) }, when.format(new Date(original.modified)))],
    ['ETag', original.etag],
  ];
}

export function sizeFacts({ sizes }) {
  const all = Object.values(sizes);
  const counts = [
    ['current', all.filter(isCurrent)],
    ['stale', all.filter((size) => size.stale && size.state !== 'failed')],
    ['missing', all.filter((size) => size.state === 'pending' && !size.stale)],
    ['failed', all.filter((size) => size.state === 'failed')],
  ];
  const without = stage.sizes.filter(({ name }) => !(name in sizes)).map(({ name }) => name);
  return [
    ...counts.map(([state, some]) => some.length && [state, String(some.length)]),
    without.length && ['not made of it', without.join(', ')],
  ];
}

export function askedFacts({ fetch, focus }, fetchAgain) {
  const failed = fetch?.state === 'failed';
  const job = failed ? `failed ${age(fetch.failed_at)}. ${what(fetch.reason)} ${advice(fetch.reason)}` : fetch && `pending, submitted ${age(fetch.ordered_at)}`;
  return [
    ['fetch job', job ? `${job} ` : 'none', failed && fetchAgain],
    failed && fetch.error && ['its error', fetch.error],
    ['focal point', focus ? focus.join(', ') : 'none'],
  ];
}

/** What a variant is as the CDN delivers it; its metadata tells which original it has. */
export async function deliver(size) {
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
      pixels: header('x-amz-meta-original-pixels'),
      modified: header('last-modified'),
      headers: HEADERS.filter(header).map((key) => [key, header(key)]),
    };
  } catch (error) {
    return { url: variant.url, problem: error.message };
  }
}

/** A state's colour and words: as S3 has it, then as the CDN delivers it. */
export function stateOf(size, delivered) {
  if (size.state === 'failed') return { kind: 'failed', text: 'failed' };
  if (size.stale) return { kind: 'waiting', text: `stale: ${STALE[size.stale]}` };
  if (size.state === 'pending') return { kind: 'waiting', text: 'missing' };
  if (delivered?.problem) return { kind: 'failed', text: `current, but the CDN does not deliver it: ${delivered.problem}` };
  const oldest = Math.min(...size.variants.map((each) => Date.parse(each.modified)));
  if (delivered?.modified && Date.parse(delivered.modified) < oldest) return { kind: 'waiting', text: 'current, but the CDN still delivers an older one' };
  return { kind: 'ready', text: 'current' };
}
