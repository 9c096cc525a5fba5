// The place to try sizes: one photo, rendered by the stage at values that are changed by hand.

import { makeSplit } from './compare.js';
import { bytes, clear, format, h, percent, times } from './dom.js';
import { change, fieldsOf, linesOf } from './lines.js';
import { Renders } from './renders.js';
import { samples } from './samples.js';
import { mayOperate, stage } from './stage.js';
import { makeValues } from './values.js';

// POST /render carries this much; base64 takes a third more.
const MAX_BYTES = 4_400_000;
const PAUSE = 250; // milliseconds without a change, before it is rendered

export function open() {
  if (!stage.render) return notHere('This stage has no POST /render. Deploy it with render: true to try sizes here.');
  const chosen = new Set(stage.sizes.slice(0, 2).map((size) => size.name));
  let renders;
  let timer;
  let controller = new AbortController();

  const picker = h('input', { type: 'file', accept: 'image/*', className: 'hidden', tabIndex: -1, 'aria-label': 'Photo', onchange: () => use(picker.files[0]) });
  const values = makeValues(refresh);
  const problem = h('p', { className: 'failed', role: 'alert', hidden: true });
  const results = h('div', { className: 'results' });
  const lines = h('pre', { tabIndex: 0, role: 'region', 'aria-label': 'Lines for sizes.yml' });
  const copy = h('button', { className: 'quiet', textContent: 'Copy', onclick: copyLines });
  const element = h('div', { className: 'page' }, [
    picker,
    h('div', { className: 'group head' }, h('header', {}, [
      h('h1', {}, 'Playground'),
      h('span', { className: 'muted' }, 'The photo goes to this stage’s POST /render, and is not stored.'),
      h('div', { className: 'actions' }, h('button', { className: 'quiet', textContent: 'Choose a photo', onclick: () => picker.click() })),
    ])),
    h('div', { className: 'bench' }, [
      h('fieldset', { className: 'ticks' }, [h('legend', {}, 'Sizes'), ...stage.sizes.map(tick)]),
      h('div', {}, [problem, results]),
      values.element,
    ]),
    h('section', { className: 'group' }, [h('header', {}, [h('h2', {}, 'Lines for sizes.yml'), h('div', { className: 'actions' }, copy)]), lines]),
  ]);
  // A photo may be dropped here too.
  element.addEventListener('dragover', (event) => event.preventDefault());
  element.addEventListener('drop', (event) => {
    event.preventDefault();
    use(event.dataTransfer.files[0]);
  });

  function tick({ name }) {
    const toggle = (event) => {
      if (event.target.checked) chosen.add(name);
      else chosen.delete(name);
      refresh();
    };
    return h('label', { className: 'tick' }, [h('input', { type: 'checkbox', checked: chosen.has(name), onchange: toggle }), name]);
  }

  const ticked = () => stage.sizes.filter((size) => chosen.has(size.name));

  async function use(file) {
    if (!file) return;
    problem.hidden = file.size <= MAX_BYTES;
    problem.textContent = `${file.name} has ${bytes(file.size)}; a request carries ${bytes(MAX_BYTES)}. Choose a smaller one.`;
    if (!problem.hidden) return;
    renders?.forget();
    renders = new Renders(file);
    clear(results);
    await values.show(file);
    refresh();
  }

  function refresh() {
    const sizes = ticked();
    values.follow(sizes[0]);
    lines.textContent = sizes.length ? linesOf(sizes.map((size) => change(size, values.changes))) : 'Tick a size.';
    clearTimeout(timer);
    timer = setTimeout(() => renders && draw(sizes), PAUSE);
  }

  async function draw(sizes) {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    const articles = sizes.map(({ name }) => results.querySelector(`[data-size="${name}"]`) || h('article', { className: 'result', dataset: { size: name } }, [h('h2', {}, name), h('p', { className: 'muted' }, 'Rendering …')]));
    clear(results, articles.length ? articles : h('p', { className: 'empty' }, 'Tick a size to see the photo at it.'));
    for (const [i, size] of sizes.entries()) {
      let shown;
      try {
        shown = await compare(size, signal);
      } catch (error) {
        shown = [h('p', { className: 'failed', role: 'alert' }, error.message)];
      }
      if (signal.aborted) return;
      clear(articles[i], h('h2', {}, size.name), ...shown);
    }
    if (sizes.length) await values.measure(renders, sizes[0], signal);
  }

  async function compare(size, signal) {
    const changed = change(size, values.changes);
    const isChanged = JSON.stringify(fieldsOf(changed)) !== JSON.stringify(fieldsOf(size));
    const declared = await renders.declared(size.name, signal);
    const made = isChanged && (await renders.byHand(fieldsOf(changed), signal));
    const exact = await renders.lossless(fieldsOf(size), signal);
    const [one, other] = made
      ? [{ ...declared, label: 'as declared' }, { ...made, label: 'by hand' }]
      : [exact && { ...exact, label: 'without loss' }, { ...declared, label: 'as declared' }];
    const rows = [line('as declared', declared, await renders.likeness(declared, fieldsOf(size), signal))];
    if (made) rows.push(line('by hand', made, await renders.likeness(made, fieldsOf(changed), signal), declared));
    return [picture(size, one, other), ...rows];
  }

  function line(label, made, likeness, before) {
    const parts = [times(`${made.width}x${made.height}`), bytes(made.blob.size), before && percent(made.blob.size / before.blob.size - 1), format(made.type), likeness !== null && `SSIM ${likeness.toFixed(3)}`];
    return h('p', { className: 'tabular' }, [h('strong', {}, label), h('span', { className: 'muted' }, ` ${parts.filter(Boolean).join(' · ')}`)]);
  }

  function picture(size, one, other) {
    const image = ({ url, width, height, label }) => h('img', { src: url, width, height, alt: `${size.name}, ${label}` });
    // Other pixels cannot be compared by a handle.
    if (!one || one.width !== other.width || one.height !== other.height) return image(other);
    return makeSplit({ image: image(one), label: one.label }, { image: image(other), label: other.label }, other);
  }

  async function copyLines() {
    try {
      await navigator.clipboard.writeText(`${lines.textContent}\n`);
      copy.textContent = 'Copied';
    } catch {
      // A page that is not on https has no clipboard: they are selected to be copied by hand.
      getSelection().selectAllChildren(lines);
      copy.textContent = 'Selected';
    }
    setTimeout(() => (copy.textContent = 'Copy'), 2000);
  }

  refresh();
  samples()[0].file().then((file) => renders || use(file));
  return { element };
}

const notHere = (text) => ({ element: h('div', { className: 'page' }, [h('h1', {}, 'Playground'), h('p', { className: 'empty' }, text)]) });
