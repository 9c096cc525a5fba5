// One variant, large, beside its original or over it. Arrows walk the sizes, Esc closes.

import { makeSplit } from './compare.js';
import { bytes, clear, format, h, name as bdi, times } from './dom.js';
import { cropOf } from './geometry.js';
import { explain } from './photo.js';
import { advice } from './reasons.js';
import { stage } from './stage.js';

let swipes = false; // as it was left

export function openViewer(photo, first) {
  const sizes = stage.sizes.filter(({ name }) => photo.made === undefined || photo.made.includes(name));
  let shown; // the state of what is looked at
  let at = sizes.findIndex(({ name }) => name === first);
  const back = document.activeElement;
  const originalUrl = URL.createObjectURL(photo.file);
  const title = h('h2', { id: 'viewer-title' });
  const swipe = h('button', { className: 'quiet', textContent: 'Swipe', title: 'Original and variant over each other, parted by a handle', onclick: () => {
    swipes = !swipes;
    show();
  } });
  const content = h('div', { className: 'pair', tabIndex: 0, role: 'group', 'aria-label': 'Original and variant' });
  const dialog = h('dialog', { className: 'viewer', 'aria-labelledby': 'viewer-title' }, [
    h('div', { className: 'head' }, [
      title,
      swipe,
      h('button', { className: 'quiet', textContent: '←', 'aria-label': 'Previous size', onclick: () => go(-1) }),
      h('button', { className: 'quiet', textContent: '→', 'aria-label': 'Next size', onclick: () => go(1) }),
      h('button', { className: 'quiet', textContent: 'Close', onclick: () => dialog.close() }),
    ]),
    content,
  ]);
  dialog.addEventListener('close', () => {
    dialog.remove();
    photo.onView = null;
    URL.revokeObjectURL(originalUrl);
    back?.focus();
  });
  dialog.addEventListener('keydown', (event) => {
    if (event.target.type === 'range') return; // arrows move the handle
    if (event.key === 'ArrowLeft') go(-1);
    if (event.key === 'ArrowRight') go(1);
  });

  function go(step) {
    at = (at + step + sizes.length) % sizes.length;
    show();
  }

  const original = () => h('img', { src: originalUrl, alt: `The original, ${photo.name}` });

  async function show() {
    const size = sizes[at];
    const known = photo.sizes[size.name];
    shown = known?.state;
    clear(title, bdi(photo.name), ` at ${size.name}`);
    if (known?.state === 'ready') await photo.deliver(size.name);
    if (size !== sizes[at]) return;
    const part = photo.preview && known?.state === 'ready' ? cropOf(size, photo.ratio) : null;
    swipe.disabled = !part || size.fit === 'contain';
    swipe.setAttribute('aria-pressed', String(swipes && !swipe.disabled));
    const isOver = swipes && !swipe.disabled;
    content.classList.toggle('over', isOver);
    const caption = known?.state === 'ready' ? describe(known) : null;
    if (isOver) {
      clear(content, h('figure', {}, [overlay(size, known, part), caption]));
      return;
    }
    const result = known?.state === 'ready' ? [h('img', { src: known.delivered.url, alt: `${photo.name} at ${size.name}` }), caption] : h('div', { className: 'nothing' }, excuse(known));
    const variant = h('figure', {}, result);
    clear(content, h('figure', {}, [
      photo.preview === null ? h('p', { className: 'nothing muted' }, 'This browser cannot show the original.') : original(),
      h('figcaption', { className: 'tabular' }, `original · ${bytes(photo.file.size)}`),
    ]), variant);
    // On a phone one of the two is in view at a time.
    variant.scrollIntoView({ inline: 'center', block: 'nearest' });
  }

  /** The part of the original that the variant shows, at the left of a handle; the variant at its right. */
  function overlay(size, known, part) {
    const [width, height] = known.variants[0].pixels.split('x').map(Number);
    const image = original();
    image.style.objectFit = size.fit === 'fill' ? 'fill' : 'cover';
    const share = (start, length) => `${length > 0.999 ? 50 : (start / (1 - length)) * 100}%`;
    image.style.objectPosition = `${share(part.left, part.width)} ${share(part.top, part.height)}`;
    const variant = h('img', { src: known.delivered.url, alt: `${photo.name} at ${size.name}` });
    return makeSplit({ image, label: 'original' }, { image: variant, label: size.name }, { width, height });
  }

  document.body.append(dialog);
  dialog.showModal();
  show();
  // What is looked at may be rendered, or fail, meanwhile.
  photo.onView = () => photo.sizes[sizes[at].name]?.state !== shown && show();
}

function describe({ variants, delivered }) {
  const facts = `${times(variants[0].pixels)} · ${bytes(delivered.bytes)} · ${format(delivered.type)} · `;
  return h('figcaption', { className: 'tabular' }, [facts, h('a', { href: variants[0].url, target: '_blank', rel: 'noopener' }, 'its address')]);
}

function excuse(known) {
  if (known?.state !== 'failed') return h('p', { className: 'muted' }, 'It is not rendered yet.');
  return [h('p', { className: 'failed' }, explain(known)), h('p', {}, advice(known.reason)), h('p', { className: 'muted' }, known.error)];
}
