// The place to upload: photos fall in, and each becomes a row that fills with its sizes.

import { announce, clear, count, h } from './dom.js';
import { inFolder, listenForDrops } from './drops.js';
import { Photo } from './photo.js';
import { makeRow, ROW } from './row.js';
import { samples } from './samples.js';
import { client, stage } from './stage.js';

const OVERSCAN = 2; // rows above and below the window
const RATE_SECONDS = 10;

export function open() {
  const photos = [];
  const rows = new Map(); // of the photos in view, by index
  const readyAt = [];
  const dirty = new Set();
  let frame = 0;
  let focused = [0, 1]; // row and tile that Tab reaches; 0 is the original, which is none

  const picker = h('input', { type: 'file', multiple: true, accept: 'image/*,.heic,.heif', className: 'hidden', tabIndex: -1, onchange: () => take([...picker.files].map((file) => [file])), 'aria-label': 'Photos' });
  const folder = h('input', { type: 'file', webkitdirectory: true, className: 'hidden', tabIndex: -1, onchange: () => take(inFolder([...folder.files].map((file) => [file, file.webkitRelativePath]))), 'aria-label': 'Folder' });
  const drop = h('section', { className: 'drop' }, [
    h('div', { className: 'invite' }, [
      h('h2', {}, 'Drop photos or a folder anywhere on this page.'),
      h('p', { className: 'muted' }, `Each is uploaded, and becomes ${list(stage.sizes.map((size) => size.name))}.`),
      h('div', { className: 'actions' }, [
        h('button', { className: 'primary', textContent: 'Choose photos', onclick: () => picker.click() }),
        h('button', { className: 'quiet', textContent: 'Choose a folder', onclick: () => folder.click() }),
      ]),
    ]),
    h('div', { className: 'samples' }, [
      h('p', { className: 'muted' }, 'Or try one of these'),
      h('div', { className: 'fan' }, samples().map((sample) => h('button', { 'aria-label': `Upload the sample ${sample.name}`, onclick: async () => take([[await sample.file()]]) }, sample.preview()))),
    ]),
  ]);
  const contact = h('ul', { className: 'rows', 'aria-label': 'Photos', onkeydown: walk });
  contact.addEventListener('focusin', ({ target }) => target.dataset.place && rove(target.dataset.place.split(',').map(Number)));
  const counts = h('p', { className: 'counts tabular' });
  const foot = h('footer', { className: 'foot', hidden: true }, [
    counts,
    h('button', { className: 'quiet', 'aria-label': 'Choose photos', onclick: () => picker.click() }, h('span', {}, 'Choose photos')),
  ]);
  const element = h('div', { className: 'upload' }, [h('h1', { className: 'hidden' }, 'Upload'), picker, folder, drop, contact, foot]);

  addEventListener('scroll', schedule, { passive: true });
  addEventListener('resize', schedule);
  listenForDrops(element, take);
  setInterval(() => photos.length && element.isConnected && tally(), 1000);

  /** Uploads pairs of a file and its path; without a path, the API makes a new folder. */
  async function take(pairs) {
    const taken = pairs.map(([file, path]) => new Photo(file, path, change));
    if (!taken.length) return;
    picker.value = folder.value = '';
    photos.unshift(...taken);
    for (const row of rows.values()) row.element.remove();
    rows.clear();
    focused = [0, 1];
    element.classList.add('has-photos');
    foot.hidden = false;
    schedule();
    announce(`${count(taken.length, 'photo')} added`);
    const byFile = new Map(taken.map((photo) => [photo.file, photo]));
    try {
      await client.uploadAll(taken.map((photo) => photo.file), {
        path: (file) => byFile.get(file).wanted,
        onProgress: (file, share) => byFile.get(file).progress(share),
        onUploaded: ({ file, path, error }) => (error ? byFile.get(file).failed(error) : byFile.get(file).sent(path)),
      });
    } catch (error) {
      for (const photo of taken) if (photo.phase === 'queued') photo.failed(error);
    }
  }

  function change(photo) {
    for (const { name } of stage.sizes) {
      const size = photo.sizes[name];
      if (size?.state === 'ready' && !size.counted) {
        size.counted = true;
        readyAt.push(performance.now());
      }
    }
    dirty.add(photo);
    schedule();
  }

  function schedule() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (element.isConnected) draw();
    });
  }

  /** Has rows in the page for the photos in view, and for the one that has the focus. */
  function draw() {
    contact.style.height = `${photos.length * ROW}px`;
    const top = contact.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / ROW) - OVERSCAN);
    const end = Math.min(photos.length, Math.ceil((innerHeight - top) / ROW) + OVERSCAN);
    for (const [index, row] of rows) {
      if ((index >= first && index < end) || row.element.contains(document.activeElement)) continue;
      row.element.remove();
      rows.delete(index);
    }
    for (let index = first; index < end; index++) {
      if (!rows.has(index)) add(index);
      else if (dirty.has(photos[index])) rows.get(index).update();
    }
    dirty.clear();
    rove(rows.has(focused[0]) ? focused : [first, focused[1]]);
    tally();
  }

  // In the order of the photos, as Tab and screen readers go.
  function add(index) {
    const row = makeRow(photos[index], index);
    const after = Math.min(...[...rows.keys()].filter((other) => other > index));
    contact.insertBefore(row.element, rows.get(after)?.element || null);
    rows.set(index, row);
    row.element.setAttribute('aria-setsize', photos.length);
    photos[index].look();
    row.update();
  }

  function tally() {
    const states = photos.flatMap((photo) => (photo.phase === 'refused' ? [] : photo.states));
    const ready = states.filter((state) => state === 'ready').length;
    const failed = states.filter((state) => state === 'failed').length + photos.filter((photo) => photo.phase === 'refused').length;
    const since = performance.now() - RATE_SECONDS * 1000;
    while (readyAt[0] < since) readyAt.shift();
    const waiting = states.length - ready - states.filter((state) => state === 'failed' || state === 'gone').length;
    const rate = waiting ? readyAt.length / RATE_SECONDS : 0;
    const text = [
      count(photos.length, 'photo'),
      count(ready, 'variant'),
      waiting && `${waiting.toLocaleString('en')} waiting`,
      failed && `${failed.toLocaleString('en')} failed`,
      rate && `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second`,
    ].filter(Boolean);
    if (counts.dataset.text === text.join()) return;
    counts.dataset.text = text.join();
    clear(counts, text.map((part) => h('span', { className: part.endsWith('failed') ? 'failed' : '' }, part)));
    if (!waiting && photos.length) announce(`${count(ready, 'variant')} ready, ${failed} failed`);
  }

  const tileAt = ([row, tile]) => contact.querySelector(`[data-place="${row},${tile}"]`);

  /** Has Tab reach one tile alone: arrows go on from there. */
  function rove(place) {
    contact.querySelector('[data-place][tabindex="0"]')?.setAttribute('tabindex', '-1');
    focused = place;
    tileAt(focused)?.setAttribute('tabindex', '0');
  }

  function walk(event) {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [-photos.length, 0], End: [photos.length, 0] };
    const step = steps[event.key];
    if (!step || !event.target.dataset.place) return;
    event.preventDefault();
    const row = clamp(focused[0] + step[0], 0, photos.length - 1);
    if (!rows.has(row)) {
      scrollTo({ top: scrollY + contact.getBoundingClientRect().top + row * ROW - innerHeight / 3, behavior: 'instant' });
      draw();
    }
    // A photo that is not made at a size has no tile of it.
    const tiles = stage.sizes.map((_, i) => i + 1).filter((tile) => tileAt([row, tile]).offsetParent);
    const ahead = step[1] ? tiles.filter((tile) => (tile - focused[1]) * step[1] > 0) : tiles;
    const tile = ahead.sort((a, b) => Math.abs(a - focused[1]) - Math.abs(b - focused[1]))[0];
    tileAt([row, tile ?? focused[1]]).focus();
  }

  return {
    element,
    visit: () => {
      schedule();
      for (const row of rows.values()) row.update();
    },
  };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const list = (names) => (names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`);
