// The place to upload: photos fall in, and each becomes a row that fills with its sizes.

import { announce, bytes, clear, count, duration, format, h, name as bdi, times } from './dom.js';
import { ratioOf } from './geometry.js';
import { explain, Photo } from './photo.js';
import { advice } from './reasons.js';
import { samples } from './samples.js';
import { client, mayOperate, stage } from './stage.js';
import { openViewer } from './viewer.js';

// Pixels, as in style.css: a row, and the pictures in it. Rows of one height are placed without
// being measured.
const ROW = 276;
const TILE = 132;
const MIN_TILE = 156;
const OVERSCAN = 2;
const RATE_SECONDS = 10;

export function open() {
  const photos = [];
  const rows = new Map(); // of the photos in view, by index
  const readyAt = [];
  const dirty = new Set();
  let frame = 0;
  let focused = [0, 0];

  const picker = h('input', { type: 'file', multiple: true, accept: 'image/*,.heic,.heif', className: 'hidden', tabIndex: -1, onchange: () => take([...picker.files].map((file) => [file])), 'aria-label': 'Photos' });
  const folder = h('input', { type: 'file', webkitdirectory: true, className: 'hidden', tabIndex: -1, onchange: () => take(inFolder([...folder.files].map((file) => [file, file.webkitRelativePath]))), 'aria-label': 'Folder' });
  const tries = h('div', { className: 'samples' });
  const drop = h('section', { className: 'drop' }, [
    h('div', { className: 'invite' }, [
      h('h2', {}, 'Drop photos or a folder anywhere on this page.'),
      h('p', { className: 'muted' }, `Each is uploaded, and becomes ${list(stage.sizes.map((size) => size.name))}.`),
      h('div', { className: 'actions' }, [
        h('button', { className: 'primary', textContent: 'Choose photos', onclick: () => picker.click() }),
        h('button', { className: 'quiet', textContent: 'Choose a folder', onclick: () => folder.click() }),
      ]),
    ]),
    tries,
  ]);
  const contact = h('ul', { className: 'rows', 'aria-label': 'Photos', onkeydown: walk });
  contact.addEventListener('focusin', remember);
  const foot = h('footer', { className: 'foot tabular', hidden: true });
  const element = h('div', { className: 'upload' }, [h('h1', { className: 'hidden' }, 'Upload'), picker, folder, drop, contact, foot]);

  paintSamples();
  addEventListener('scroll', schedule, { passive: true });
  addEventListener('resize', schedule);
  listenForDrops(element, take);
  setInterval(() => photos.length && element.isConnected && count_(), 1000);

  async function paintSamples() {
    const files = await samples();
    clear(tries, h('p', { className: 'muted' }, 'Or try one of these'), h('div', { className: 'fan' }, files.map((file) => {
      const image = h('img', { src: URL.createObjectURL(file), alt: '' });
      return h('button', { 'aria-label': `Upload the sample ${file.name}`, onclick: () => take([[file]]) }, image);
    })));
  }

  /** Uploads pairs of a file and its path; without a path, the API makes a new folder. */
  async function take(pairs) {
    const taken = pairs.map(([file, path]) => new Photo(file, path, change));
    if (!taken.length) return;
    picker.value = folder.value = '';
    photos.unshift(...taken);
    for (const row of rows.values()) row.element.remove();
    rows.clear();
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

  function draw() {
    contact.style.height = `${photos.length * ROW}px`;
    const top = contact.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / ROW) - OVERSCAN);
    const end = Math.min(photos.length, Math.ceil((innerHeight - top) / ROW) + OVERSCAN);
    for (const [index, row] of rows) {
      if (index >= first && index < end) continue;
      row.element.remove();
      rows.delete(index);
    }
    for (let index = first; index < end; index++) {
      const photo = photos[index];
      let row = rows.get(index);
      if (!row) {
        row = makeRow(photo, index);
        rows.set(index, row);
        contact.append(row.element);
        photo.look();
        row.update();
      } else if (dirty.has(photo)) row.update();
    }
    dirty.clear();
    count_();
  }

  function makeRow(photo, index) {
    const bar = h('progress', { max: 1, value: 0, 'aria-label': `Upload of ${photo.name}` });
    const state = h('span', { className: 'state' });
    const original = h('div', { className: 'picture original' });
    const tiles = stage.sizes.map((size, i) => makeTile(photo, size, [index, i + 1]));
    const copy = h('button', { className: 'link', hidden: true, textContent: 'Look up', onclick: () => (location.hash = `#lookup?path=${encodeURIComponent(photo.path)}`) });
    const row = h('li', { className: 'row', 'aria-setsize': photos.length, 'aria-posinset': index + 1 }, [
      bar,
      h('div', { className: 'title' }, [
        h('span', { className: 'name', title: photo.name }, bdi(photo.name)),
        h('span', { className: 'muted tabular' }, bytes(photo.file.size)),
        state,
        copy,
      ]),
      h('div', { className: 'strip' }, [
        h('div', { className: 'tile' }, [original, h('p', { className: 'caption muted' }, 'original')]),
        ...tiles.map((tile) => tile.element),
      ]),
    ]);
    row.style.transform = `translateY(${index * ROW}px)`;
    const update = () => {
      const ratio = photo.ratio || 4 / 3;
      row.dataset.phase = photo.phase;
      bar.value = photo.share;
      bar.hidden = !['queued', 'sending'].includes(photo.phase);
      state.textContent = describe(photo);
      state.dataset.state = { refused: 'failed', lost: 'waiting' }[photo.phase] || '';
      copy.hidden = !photo.path;
      original.style.width = `${Math.round(ratio * TILE)}px`;
      if (photo.preview && original.firstChild !== photo.preview) clear(original, photo.preview);
      if (photo.preview === null && !original.firstChild) clear(original, h('span', { className: 'muted' }, 'no preview'));
      for (const tile of tiles) tile.update(ratio);
    };
    return { element: row, update };
  }

  function makeTile(photo, size, place) {
    const { name } = size;
    const picture = h('button', { className: 'picture', type: 'button', tabIndex: -1, dataset: { place: place.join() }, onclick: () => openViewer(photo, name) });
    const caption = h('p', { className: 'caption tabular' });
    const element = h('div', { className: 'tile' }, [picture, caption]);
    let shown = '';
    const update = (ratio) => {
      element.hidden = photo.made !== undefined && !photo.made.includes(name);
      const known = photo.sizes[name];
      const state = photo.phase === 'refused' ? 'none' : known?.state || 'pending';
      const edges = known?.variants[0]?.pixels.split('x').map(Number);
      const width = Math.round(TILE * (edges ? edges[0] / edges[1] : ratioOf(size, ratio * 1e4, 1e4)));
      picture.style.width = `${width}px`;
      element.style.width = `${Math.max(width, MIN_TILE)}px`;
      picture.dataset.state = state;
      picture.style.backgroundColor = known?.variants[0]?.placeholder?.color || '';
      picture.tabIndex = place.join() === focused.join() ? 0 : -1;
      const { delivered } = known || {};
      const key = [state, delivered?.url, known?.note, photo.phase].join();
      if (key === shown) return;
      shown = key;
      if (state === 'ready') {
        photo.deliver(name);
        const image = delivered && h('img', { src: delivered.url, alt: '', decoding: 'async' });
        clear(picture, image);
      } else if (state === 'failed' || state === 'gone') {
        clear(picture, h('span', { className: 'why' }, state === 'gone' ? 'It was deleted.' : explain(known)));
        element.title = known.error || '';
      } else clear(picture, state === 'replayed' && h('span', { className: 'muted' }, 'replayed'));
      const label = captionOf(name, known, state, delivered);
      clear(caption, ...label);
      picture.setAttribute('aria-label', `${name} of ${photo.name}: ${state === 'failed' ? explain(known) : label.map((each) => each.textContent).slice(1).join(' ') || state}`);
      if (state === 'failed') {
        caption.append(
          mayOperate
            ? h('button', { className: 'link', textContent: 'Replay', 'aria-label': `Replay ${name} of ${photo.name}`, onclick: () => photo.replay(name) })
            : h('span', { className: 'muted', title: 'This token is for uploads: it may not replay.' }, 'failed')
        );
      }
    };
    return { element, update };
  }

  function captionOf(name, known, state, delivered) {
    const lines = [h('strong', {}, name)];
    if (state === 'failed') return [...lines, h('span', { className: 'muted advice' }, advice(known.reason))];
    if (state !== 'ready') return lines;
    const [variant] = known.variants;
    const facts = delivered || { bytes: variant.bytes, type: variant.content_type };
    if (variant.pixels !== name) lines[0].append(h('span', { className: 'muted' }, ` ${times(variant.pixels)}`));
    const parts = [bytes(facts.bytes), format(facts.type), known.after && duration(known.after)];
    return [...lines, h('span', { className: 'muted' }, parts.filter(Boolean).join(' · '))];
  }

  function count_() {
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
    if (foot.dataset.text === text.join()) return;
    foot.dataset.text = text.join();
    clear(foot, text.map((part) => h('span', { className: part.endsWith('failed') ? 'failed' : '' }, part)),
      h('button', { className: 'quiet', textContent: 'Choose photos', onclick: () => picker.click() }));
    if (!waiting && photos.length) announce(`${count(ready, 'variant')} ready, ${failed} failed`);
  }

  function remember(event) {
    const place = event.target.dataset?.place;
    if (!place) return;
    contact.querySelector('[data-place][tabindex="0"]')?.setAttribute('tabindex', '-1');
    focused = place.split(',').map(Number);
    event.target.tabIndex = 0;
  }

  function walk(event) {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [-photos.length, 0], End: [photos.length, 0] };
    const step = steps[event.key];
    if (!step || !event.target.dataset.place) return;
    event.preventDefault();
    const across = getComputedStyle(contact).direction === 'rtl' ? -step[1] : step[1];
    const row = clamp(focused[0] + step[0], 0, photos.length - 1);
    const tile = clamp(focused[1] + across, 1, stage.sizes.length);
    if (!rows.has(row)) {
      scrollTo({ top: scrollY + contact.getBoundingClientRect().top + row * ROW - innerHeight / 3 });
      draw();
    }
    contact.querySelector(`[data-place="${row},${tile}"]`)?.focus();
  }

  return {
    element,
    visit: () => {
      schedule();
      if (!photos.length) return;
      for (const row of rows.values()) row.update();
    },
  };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const list = (names) => (names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`);

// Folders keep their names, below one that is new.
function inFolder(pairs) {
  const now = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  return pairs.filter(([file]) => isPhoto(file)).map(([file, path]) => [file, `${now}/${path}`]);
}

const isPhoto = (file) => file.type.startsWith('image/') || /\.(heic|heif|avif|tiff?|bmp)$/i.test(file.name);

function listenForDrops(element, take) {
  const veil = h('div', { className: 'veil', hidden: true }, 'Drop to upload');
  element.append(veil);
  addEventListener('dragover', (event) => {
    if (!element.isConnected || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    veil.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  addEventListener('drop', async (event) => {
    veil.hidden = true;
    if (!element.isConnected) return;
    event.preventDefault();
    // Entries are gone once this event is over: all are taken before the first is read.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = await Promise.all(entries.map((entry) => read(entry)));
    take(found.flatMap((pairs, i) => (entries[i].isDirectory ? inFolder(pairs) : pairs.map(([file]) => [file]))));
  });
}

/** Returns the files below an entry, each with its path. */
async function read(entry) {
  if (entry.isFile) return [[await new Promise((resolve, reject) => entry.file(resolve, reject)), entry.fullPath.slice(1)]];
  const reader = entry.createReader();
  const found = [];
  for (let some; (some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length; ) found.push(...some);
  return (await Promise.all(found.map(read))).flat();
}

function describe(photo) {
  if (photo.phase === 'queued') return 'waits for its turn';
  if (photo.phase === 'sending') return `${Math.round(photo.share * 100)} % sent`;
  if (photo.phase === 'lost') return 'connection lost, trying again';
  if (photo.phase === 'refused') return `not uploaded: ${photo.error.message}`;
  return photo.states.includes('pending') ? 'rendering' : '';
}
