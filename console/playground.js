// The place to try sizes: one photo, rendered by the stage at values that are changed by hand.

import { bytes, clear, format, h, times } from './dom.js';
import { samples } from './samples.js';
import { ssim } from './ssim.js';
import { mayOperate, render, stage } from './stage.js';

// POST /render carries this much; base64 takes a third more.
const MAX_BYTES = 4_400_000;
const PAUSE = 250; // milliseconds without a change, before it is rendered
const FITS = ['cover', 'contain', 'inside', 'fill'];
const FORMATS = ['keep', 'jpeg', 'png', 'webp', 'avif'];
const POSITIONS = ['top-left', 'top', 'top-right', 'left', 'center', 'right', 'bottom-left', 'bottom', 'bottom-right'];
const ARROWS = ['↖', '↑', '↗', '←', '•', '→', '↙', '↓', '↘'];
const FIELDS = ['width', 'height', 'fit', 'position', 'format', 'quality', 'background', 'enlarge'];

export function open() {
  if (!stage.render) return notHere('This stage has no POST /render. Deploy it with render: true to try sizes here.');
  const chosen = new Set(stage.sizes.slice(0, 2).map((size) => size.name));
  const changes = {};
  let photo;
  let turn = 0;
  let timer;
  let controller = new AbortController();

  const picker = h('input', { type: 'file', accept: 'image/*', className: 'hidden', tabIndex: -1, 'aria-label': 'Photo', onchange: () => use(picker.files[0]) });
  const results = h('div', { className: 'results', 'aria-live': 'polite' });
  const lines = h('pre', { tabIndex: 0, 'aria-label': 'Lines for sizes.yml' });
  const copy = h('button', { className: 'quiet', textContent: 'Copy', onclick: copyLines });
  const element = h('div', { className: 'page' }, [
    picker,
    h('div', { className: 'group head' }, h('header', {}, [
      h('h1', {}, 'Playground'),
      h('span', { className: 'muted' }, 'The photo goes to this stage’s POST /render, and is not stored.'),
      h('div', { className: 'actions' }, h('button', { className: 'quiet', textContent: 'Choose a photo', onclick: () => picker.click() })),
    ])),
    h('div', { className: 'bench' }, [
      h('fieldset', {}, [h('legend', {}, 'Sizes'), ...stage.sizes.map(tick)]),
      results,
      controls(),
    ]),
    h('section', { className: 'group' }, [h('header', {}, [h('h2', {}, 'Lines for sizes.yml'), h('div', { className: 'actions' }, copy)]), lines]),
  ]);

  function tick({ name }) {
    const toggle = (event) => {
      if (event.target.checked) chosen.add(name);
      else chosen.delete(name);
      refresh();
    };
    return h('label', { className: 'tick' }, [h('input', { type: 'checkbox', checked: chosen.has(name), onchange: toggle }), name]);
  }

  function controls() {
    const locked = !mayOperate;
    const select = (label, field, options) => {
      const id = `by-hand-${field}`;
      const box = h('select', { id, disabled: locked, onchange: () => set(field, box.value) }, [h('option', { value: '' }, 'as declared'), ...options.map((value) => h('option', { value }, value))]);
      return h('div', { className: 'field' }, [h('label', { for: id }, label), box]);
    };
    const buttons = POSITIONS.map((position, i) => {
      const button = h('button', { textContent: ARROWS[i], disabled: locked, 'aria-label': position, 'aria-pressed': 'false', onclick: () => {
        const on = changes.position !== position;
        for (const each of buttons) each.setAttribute('aria-pressed', String(on && each === button));
        set('position', on ? position : '');
      } });
      return button;
    });
    const shown = h('output', { className: 'tabular', textContent: 'as declared' });
    const quality = h('input', { id: 'by-hand-quality', type: 'range', min: 1, max: 100, value: 80, disabled: locked, oninput: () => {
      shown.textContent = quality.value;
      set('quality', Number(quality.value));
    } });
    return h('fieldset', {}, [
      h('legend', {}, 'By hand'),
      locked && h('p', { className: 'muted' }, 'This token is for uploads: it renders sizes as declared. Make one with --scope operate to change them.'),
      select('Fit', 'fit', FITS),
      h('div', { className: 'field', role: 'group', 'aria-label': 'Position' }, [h('span', { className: 'muted' }, 'Position'), h('div', { className: 'positions' }, buttons)]),
      select('Format', 'format', FORMATS),
      h('div', { className: 'field' }, [h('label', { for: 'by-hand-quality' }, ['Quality ', shown]), quality]),
    ]);
  }

  function set(field, value) {
    if (value === '') delete changes[field];
    else changes[field] = value;
    refresh();
  }

  async function use(file) {
    if (!file) return;
    if (file.size > MAX_BYTES) {
      return clear(results, h('p', { className: 'failed', role: 'alert' }, `${file.name} has ${bytes(file.size)}; a request carries ${bytes(MAX_BYTES)}. Choose a smaller one.`));
    }
    photo = file;
    return refresh();
  }

  function refresh() {
    writeLines();
    clearTimeout(timer);
    timer = setTimeout(() => photo && draw(), PAUSE);
  }

  async function draw() {
    const mine = ++turn;
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    const sizes = stage.sizes.filter((size) => chosen.has(size.name));
    for (const size of sizes) if (!results.querySelector(`[data-size="${size.name}"]`)) results.append(h('article', { className: 'result', dataset: { size: size.name } }, [h('h2', {}, size.name), h('p', { className: 'muted' }, 'Rendering …')]));
    for (const old of [...results.children]) if (!chosen.has(old.dataset.size)) old.remove();
    for (const size of sizes) {
      const place = results.querySelector(`[data-size="${size.name}"]`);
      try {
        const shown = await compare(size, signal);
        if (mine !== turn) return;
        clear(place, h('h2', {}, size.name), ...shown);
      } catch (error) {
        if (mine !== turn) return;
        clear(place, h('h2', {}, size.name), h('p', { className: 'failed', role: 'alert' }, error.message));
      }
    }
  }

  async function compare(size, signal) {
    const declared = await measured(await render(photo, { size: size.name }, signal));
    const changed = mayOperate && Object.keys(changes).length > 0;
    const made = changed ? await measured(await render(photo, { by_hand: JSON.stringify(byHand(size)) }, signal)) : null;
    // The same pixels without loss: what the encoder changed is all that differs.
    const lossless = mayOperate && (async (values) => measured(await render(photo, { by_hand: JSON.stringify({ ...values, format: 'png' }) }, signal)));
    const lines = [await line('as declared', declared, lossless, fieldsOf(size))];
    if (made) lines.push(await line('by hand', made, lossless, byHand(size)));
    return [split(declared, made), ...lines];
  }

  async function line(label, { blob, bitmap }, lossless, values) {
    const likeness = lossless ? ssim(bitmap, (await lossless(values)).bitmap) : null;
    const parts = [`${bitmap.width}×${bitmap.height}`, bytes(blob.size), format(blob.type.split(';')[0]), likeness !== null && `SSIM ${likeness.toFixed(3)}`];
    return h('p', { className: 'tabular' }, [h('strong', {}, label), h('span', { className: 'muted' }, ` ${parts.filter(Boolean).join(' · ')}`)]);
  }

  function split(declared, made) {
    const image = (each, className, alt) => h('img', { src: URL.createObjectURL(each.blob), width: each.bitmap.width, height: each.bitmap.height, className, alt });
    if (!made) return h('div', { className: 'compare single' }, image(declared, '', 'as declared'));
    if (made.bitmap.width !== declared.bitmap.width || made.bitmap.height !== declared.bitmap.height) return h('div', { className: 'compare single' }, image(made, '', 'by hand'));
    const handle = h('input', { type: 'range', min: 0, max: 100, value: 50, 'aria-label': 'As declared at the left of here, by hand at the right', oninput: () => box.style.setProperty('--split', `${handle.value}%`) });
    const box = h('div', { className: 'compare' }, [image(declared, '', 'as declared'), image(made, 'over', 'by hand'), handle]);
    return box;
  }

  const fieldsOf = (size) => Object.fromEntries(FIELDS.filter((field) => field in size).map((field) => [field, size[field]]));

  function byHand(size) {
    const fields = { ...fieldsOf(size), ...changes };
    return fields;
  }

  function writeLines() {
    const entries = stage.sizes.filter((size) => chosen.has(size.name)).map((size) => {
      const values = Object.entries(byHand(size)).map(([field, value]) => `    ${field}: ${typeof value === 'object' || String(value).startsWith('#') ? JSON.stringify(value) : value}`);
      return [`  - name: ${size.name}`, ...values].join('\n');
    });
    lines.textContent = entries.length ? `sizes:\n${entries.join('\n')}` : 'Tick a size.';
  }

  async function copyLines() {
    await navigator.clipboard.writeText(lines.textContent);
    copy.textContent = 'Copied';
    setTimeout(() => (copy.textContent = 'Copy'), 2000);
  }

  writeLines();
  samples().then(([first]) => photo || use(first));
  return { element };
}

async function measured(blob) {
  return { blob, bitmap: await createImageBitmap(blob) };
}

const notHere = (text) => ({ element: h('p', { className: 'empty' }, text) });
