// Two pictures of the same pixels, one over the other, parted by a handle.

import { h } from './dom.js';

/** Returns a box with `left` below `right`: pairs of an image and its label. The box has the shape of `width` x `height`. */
export function makeSplit(left, right, { width, height }) {
  const handle = h('input', {
    type: 'range',
    min: 0,
    max: 100,
    value: 50,
    'aria-label': `Left of here ${left.label}, right of here ${right.label}`,
    oninput: () => box.style.setProperty('--split', `${handle.value}%`),
  });
  right.image.classList.add('over');
  const tag = ({ label }, side) => h('span', { className: `tag ${side}`, 'aria-hidden': 'true' }, label);
  const box = h('div', { className: 'compare' }, [left.image, right.image, tag(left, 'left'), tag(right, 'right'), h('i', { className: 'handle' }), handle]);
  box.style.aspectRatio = `${width} / ${height}`;
  box.style.setProperty('--width', `${width}px`);
  box.style.setProperty('--ratio', width / height);
  return box;
}
