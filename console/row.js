// A photo's row: its upload, its original, and a tile for each size.

import { bytes, clear, duration, format, h, times } from './dom.js';
import { ratioOf } from './geometry.js';
import { explain } from './photo.js';
import { advice } from './reasons.js';
import { mayOperate, stage } from './stage.js';
import { paint } from './thumbhash.js';
import { openViewer } from './viewer.js';

// Pixels, as in style.css: a row, and the pictures in it. Rows of one height are placed without
// being measured.
export const ROW = 252;
const TILE = 132;
const MIN_TILE = 156;

/** Returns the row of a photo at a place in the list, and what draws it again. */
export function makeRow(photo, index) {
  const bar = h('progress', { max: 1, value: 0, 'aria-label': `Upload of ${photo.name}` });
  const state = h('span', { className: 'state' });
  const original = h('div', { className: 'picture original' });
  const tiles = stage.sizes.map((size, i) => makeTile(photo, size, `${index},${i + 1}`));
  const lookUp = h('button', { className: 'link', hidden: true, textContent: 'Look up', 'aria-label': `Look up ${photo.name}`, onclick: () => (location.hash = `#lookup?path=${encodeURIComponent(photo.path)}`) });
  const element = h('li', { className: 'row', 'aria-posinset': index + 1 }, [
    bar,
    h('div', { className: 'title' }, [
      h('span', { className: 'name', title: photo.name, dir: 'auto' }, photo.name),
      h('span', { className: 'muted tabular' }, bytes(photo.file.size)),
      state,
      lookUp,
    ]),
    h('div', { className: 'strip' }, [
      h('div', { className: 'tile' }, [original, h('p', { className: 'caption muted' }, 'original')]),
      ...tiles.map((tile) => tile.element),
    ]),
  ]);
  element.style.transform = `translateY(${index * ROW}px)`;

  const update = () => {
    const ratio = photo.ratio || 4 / 3;
    element.dataset.phase = photo.phase;
    bar.value = photo.share;
    bar.hidden = !['queued', 'sending'].includes(photo.phase);
    state.textContent = describe(photo);
    state.dataset.state = { refused: 'failed', lost: 'waiting' }[photo.phase] || '';
    lookUp.hidden = !photo.path;
    original.style.width = `${Math.round(ratio * TILE)}px`;
    if (photo.preview && original.firstChild !== photo.preview) clear(original, photo.preview);
    if (photo.preview === null && !original.firstChild) clear(original, h('span', { className: 'muted' }, 'no preview'));
    for (const tile of tiles) tile.update(ratio);
  };
  return { element, update };
}

function describe(photo) {
  if (photo.phase === 'queued') return 'waits for its turn';
  if (photo.phase === 'sending') return `${Math.round(photo.share * 100)} % sent`;
  if (photo.phase === 'lost') return 'connection lost, trying again';
  if (photo.phase === 'refused') return `not uploaded: ${photo.error.message}`;
  return photo.states.includes('pending') ? 'rendering' : '';
}

function makeTile(photo, size, place) {
  const { name } = size;
  const picture = h('button', { className: 'picture', type: 'button', tabIndex: -1, dataset: { place }, onclick: () => openViewer(photo, name) });
  const caption = h('p', { className: 'caption tabular' });
  const element = h('div', { className: 'tile' }, [picture, caption]);
  let drawn = '';

  const update = (ratio) => {
    const known = photo.sizes[name];
    const state = photo.phase === 'refused' ? 'none' : known?.state || 'pending';
    const edges = known?.variants[0]?.pixels.split('x').map(Number);
    const width = Math.round(TILE * (edges ? edges[0] / edges[1] : ratioOf(size, ratio * 1e4, 1e4)));
    element.hidden = photo.made !== undefined && !photo.made.includes(name);
    element.style.width = `${Math.max(width, MIN_TILE)}px`;
    picture.style.width = `${width}px`;
    picture.dataset.state = state;
    const key = [state, known?.delivered?.url, known?.note].join();
    if (key === drawn) return;
    drawn = key;
    if (state === 'ready') photo.deliver(name);
    draw(photo, name, state, picture, () => drawn === key);
    const facts = describeTile(name, known, state);
    clear(caption, state === 'failed' && makeReplay(photo, name), ...facts);
    const said = state === 'failed' ? explain(known) : facts.map((each) => each.textContent).slice(1).join(' ') || state;
    picture.setAttribute('aria-label', `${name} of ${photo.name}: ${said}`);
    element.title = known?.error || '';
  };
  return { element, update };
}

/** Fills a tile: an outline, then its placeholder, then its picture once that can be shown whole. */
function draw(photo, name, state, picture, isCurrent) {
  const known = photo.sizes[name];
  if (state === 'failed' || state === 'gone') return clear(picture, h('span', { className: 'why' }, state === 'gone' ? 'It was deleted.' : explain(known)));
  if (state !== 'ready') return clear(picture, state === 'replayed' && h('span', { className: 'muted' }, 'replayed'));
  const { placeholder } = known.variants[0];
  picture.style.backgroundColor = placeholder?.color || '';
  if (!picture.querySelector('canvas')) clear(picture, placeholder && paint(placeholder.thumbhash));
  if (!known.delivered) return null;
  const image = h('img', { src: known.delivered.url, alt: '', decoding: 'async' });
  return image.decode().then(
    () => isCurrent() && picture.append(image),
    () => isCurrent() && clear(picture, h('span', { className: 'muted' }, 'no preview'))
  );
}

function describeTile(name, known, state) {
  const lines = [h('strong', {}, name)];
  if (state === 'failed') return [...lines, h('span', { className: 'muted advice' }, advice(known.reason))];
  if (state !== 'ready') return lines;
  const [variant] = known.variants;
  const facts = known.delivered || { bytes: variant.bytes, type: variant.content_type };
  if (variant.pixels !== name) lines[0].append(h('span', { className: 'muted' }, ` ${times(variant.pixels)}`));
  const parts = [bytes(facts.bytes), format(facts.type), known.after && duration(known.after)];
  return [...lines, h('span', { className: 'muted' }, parts.filter(Boolean).join(' · '))];
}

const makeReplay = (photo, name) =>
  mayOperate
    ? h('button', { className: 'link', textContent: 'Replay', 'aria-label': `Replay ${name} of ${photo.name}`, onclick: () => photo.replay(name) })
    : h('span', { className: 'muted not', title: 'This token is for uploads: it may not replay.' }, 'failed');
