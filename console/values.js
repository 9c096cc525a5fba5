// The values that the playground changes by hand: position, fit, quality, and format with what each weighs.

import { bytes, clear, format as nameOf, h } from './dom.js';
import { cropOf, isPlaced, POSITIONS } from './geometry.js';
import { change, fieldsOf } from './lines.js';
import { mayOperate } from './stage.js';

const FITS = ['cover', 'contain', 'inside', 'fill'];
const FORMATS = ['jpeg', 'webp', 'avif', 'png'];
const DEFAULT_QUALITY = { jpeg: 80, webp: 80, avif: 60 }; // as lib/sizes/size.py has them

/** Returns controls and the `changes` that they hold; `onChange` is called after each. */
export function makeValues(onChange) {
  const changes = {};
  let size = {};
  let photo;

  function set(field, value) {
    if (value === undefined) delete changes[field];
    else changes[field] = value;
    onChange();
  }

  const disabled = !mayOperate;
  const position = makePosition((value) => set('position', value));
  const fit = h('select', { id: 'by-hand-fit', disabled, onchange: () => set('fit', fit.value || undefined) }, [
    h('option', { value: '' }),
    ...FITS.map((value) => h('option', { value }, value)),
  ]);
  const number = h('output', { className: 'tabular', for: 'by-hand-quality' });
  const quality = h('input', { id: 'by-hand-quality', type: 'range', min: 1, max: 100, disabled, oninput: () => set('quality', Number(quality.value)) });
  const formats = makeFormats((value) => set('format', value));
  const reset = h('button', { className: 'quiet', textContent: 'As declared', onclick: () => {
    for (const field of Object.keys(changes)) delete changes[field];
    onChange();
  } });
  const element = h('fieldset', { className: 'values' }, [
    h('legend', {}, 'By hand'),
    disabled && h('p', { className: 'muted' }, 'This token is for uploads: it renders sizes as declared. Make one with --scope operate to change them.'),
    position.element,
    h('div', { className: 'field' }, [h('label', { for: 'by-hand-fit' }, 'Fit'), fit]),
    h('div', { className: 'field' }, [h('label', { for: 'by-hand-quality' }, ['Quality ', number]), quality]),
    formats.element,
    reset,
  ]);

  /** Shows what applies to a size: the first that is ticked. */
  function follow(first = {}) {
    size = first;
    const values = change(size, changes);
    fit.firstChild.textContent = `as declared: ${size.fit || 'cover'}`;
    fit.value = changes.fit || '';
    quality.value = qualityOf(values, photo);
    number.textContent = `${quality.value}${changes.quality ? '' : ' as declared'}`;
    position.follow(values);
    formats.follow(size, changes, photo);
    reset.disabled = !Object.keys(changes).length;
  }

  async function show(file) {
    photo = file;
    await position.show(file);
  }

  const measure = (renders, first, signal) => formats.measure(renders, first, changes, signal);

  return { element, changes, follow, show, measure };
}

function qualityOf({ quality = DEFAULT_QUALITY, format }, photo) {
  if (typeof quality === 'number') return quality;
  return quality[format] ?? quality[photo?.type.split('/')[1]] ?? quality.jpeg;
}

/** The photo with the part that is kept. Its ninths are radio buttons: a click, or arrow keys, choose one. */
function makePosition(onChoose) {
  const frame = h('i', { className: 'frame' });
  const image = h('img', { alt: '' });
  const ninths = Object.keys(POSITIONS).map((value) => h('input', { type: 'radio', name: 'position', value, title: value, 'aria-label': value, onchange: () => onChoose(value) }));
  const note = h('p', { className: 'muted' });
  const box = h('div', { className: 'crop', role: 'radiogroup', 'aria-label': 'Position: which part of the photo is kept' }, [image, frame, ...ninths]);
  const element = h('div', { className: 'field' }, [h('span', { className: 'muted' }, 'Position'), box, note]);
  let ratio = 4 / 3;

  function follow(values) {
    const part = cropOf(values, ratio);
    frame.hidden = !part;
    for (const [side, share] of Object.entries(part || {})) frame.style[side] = `${share * 100}%`;
    for (const each of ninths) {
      each.disabled = !mayOperate || !isPlaced(values);
      each.checked = isPlaced(values) && each.value === (values.position || 'center');
    }
    note.textContent = explain(values, part);
  }

  async function show(file) {
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(file);
    // A file that this browser cannot show is rendered none the less.
    await image.decode().then(() => (ratio = image.naturalWidth / image.naturalHeight), () => {});
    box.style.aspectRatio = ratio;
    box.style.setProperty('--ratio', ratio);
  }

  return { element, follow, show };
}

function explain(values, part) {
  if (!isPlaced(values)) return 'This size shows the whole photo.';
  if (!part) return `${values.position}: each photo’s own. Click to fix it.`;
  if (values.fit === 'contain') return 'Click where the photo goes in its box.';
  return part.width > 0.999 && part.height > 0.999 ? 'The photo has the box’s shape: nothing is cut off.' : 'Click the part to keep.';
}

/** A line per format: its bytes, and its likeness to the same pixels without loss. */
function makeFormats(onChoose) {
  const legend = h('legend', { className: 'muted' });
  const rows = ['', ...FORMATS].map((value) => {
    const input = h('input', { type: 'radio', name: 'format', value, disabled: !mayOperate, onchange: () => onChoose(value || undefined) });
    const label = h('span', {}, value ? nameOf(`image/${value}`) : '');
    const facts = h('span', { className: 'muted' });
    const bar = h('i', { className: 'bar' });
    return { value, input, label, facts, bar, element: h('label', { className: 'format' }, [input, label, facts, bar]) };
  });
  const element = h('fieldset', { className: 'formats tabular' }, [legend, ...rows.map((row) => row.element)]);

  function follow(size, changes) {
    legend.textContent = size.name ? `Format, at ${size.name}` : 'Format';
    rows[0].label.textContent = `as declared: ${size.format || 'keep'}`;
    for (const row of rows) row.input.checked = row.value === (changes.format || '');
  }

  async function measure(renders, size, changes, signal) {
    const made = new Map();
    for (const row of mayOperate ? rows : []) {
      const { format, ...others } = changes;
      const values = fieldsOf(change(size, row.value ? { ...others, format: row.value } : others));
      try {
        const rendering = await renders.byHand(row.value === 'png' ? { ...values, quality: undefined } : values, signal);
        const likeness = await renders.likeness(rendering, values, signal);
        made.set(row, rendering.blob.size);
        row.facts.textContent = [bytes(rendering.blob.size), likeness?.toFixed(3)].filter(Boolean).join(' · ');
      } catch (error) {
        row.facts.textContent = signal.aborted ? '' : error.message;
      }
      if (signal.aborted) return;
      // PNG, without loss, would dwarf the others.
      const most = Math.max(...[...made].map(([{ value }, length]) => (value === 'png' ? 1 : length)));
      for (const [{ bar }, length] of made) bar.style.setProperty('--share', Math.min(1, length / most));
    }
  }

  return { element, follow, measure };
}
