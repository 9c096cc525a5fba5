// One variant, large, beside its original. Arrows walk the sizes, Esc closes.

import { bytes, clear, format, h, name as bdi, times } from './dom.js';
import { explain } from './photo.js';
import { advice } from './reasons.js';
import { stage } from './stage.js';

export function openViewer(photo, first) {
  const names = stage.sizes.map((size) => size.name);
  let at = names.indexOf(first);
  const back = document.activeElement;
  const originalUrl = URL.createObjectURL(photo.file);
  const original = h('figure', {}, [h('img', { src: originalUrl, alt: `The original, ${photo.name}` }), h('figcaption', { className: 'tabular' }, `original · ${bytes(photo.file.size)}`)]);
  const variant = h('figure');
  const title = h('h2', { id: 'viewer-title' });
  const dialog = h('dialog', { className: 'viewer', 'aria-labelledby': 'viewer-title' }, [
    h('header', {}, [
      title,
      h('button', { className: 'quiet', textContent: 'Previous', onclick: () => go(-1) }),
      h('button', { className: 'quiet', textContent: 'Next', onclick: () => go(1) }),
      h('button', { className: 'quiet', textContent: 'Close', onclick: () => dialog.close() }),
    ]),
    h('div', { className: 'pair', tabIndex: 0, role: 'group', 'aria-label': 'Original and variant' }, [original, variant]),
  ]);
  dialog.addEventListener('close', () => {
    dialog.remove();
    URL.revokeObjectURL(originalUrl);
    back?.focus();
  });
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') go(-1);
    if (event.key === 'ArrowRight') go(1);
  });

  function go(step) {
    at = (at + step + names.length) % names.length;
    show();
  }

  async function show() {
    const name = names[at];
    const size = photo.sizes[name];
    clear(title, bdi(photo.name), ` at ${name}`);
    if (size?.state !== 'ready') {
      const text = size?.state === 'failed' ? [h('p', { className: 'failed' }, explain(size)), h('p', {}, advice(size.reason)), h('p', { className: 'muted' }, size.error)] : [h('p', { className: 'muted' }, 'It is not rendered yet.')];
      clear(variant, h('div', { className: 'nothing' }, text));
      return;
    }
    await photo.deliver(name);
    const [stored] = size.variants;
    const { url, bytes: length, type } = size.delivered;
    clear(
      variant,
      h('img', { src: url, alt: `${photo.name} at ${name}` }),
      h('figcaption', { className: 'tabular' }, [`${times(stored.pixels)} · ${bytes(length)} · ${format(type)} · `, h('a', { href: stored.url, target: '_blank', rel: 'noopener' }, 'its address')])
    );
  }

  document.body.append(dialog);
  dialog.showModal();
  // On a phone one of the two is in view at a time.
  show().then(() => variant.scrollIntoView({ inline: 'center', block: 'nearest' }));
}
