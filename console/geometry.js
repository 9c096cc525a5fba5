// The shape of a variant before it is there, and what of its original it shows: as
// lib/images/geometry.py and lib/images/transform.py compute them.

/** Positions as in CSS and sharp, in the order of a page: how much of what is cut off, or added, is at the left and top. */
export const POSITIONS = {
  'top-left': [0, 0],
  top: [0.5, 0],
  'top-right': [1, 0],
  left: [0, 0.5],
  center: [0.5, 0.5],
  right: [1, 0.5],
  'bottom-left': [0, 1],
  bottom: [0.5, 1],
  'bottom-right': [1, 1],
};

/** Whether a size crops or pads, so that a position decides something. */
export const isPlaced = (size) => Boolean(size.width && size.height && ['cover', 'contain'].includes(size.fit || 'cover'));

/** Returns width / height of an original of these pixels at a size. */
export function ratioOf(size, width, height) {
  const own = width / height;
  if (!size.width || !size.height) return own;
  const box = size.width / size.height;
  const fit = size.fit || 'cover';
  if (fit === 'inside') return own;
  if (fit === 'fill' && !size.enlarge) return Math.min(size.width, width) / Math.min(size.height, height);
  return box;
}

/** Returns the part of an original of a ratio that a size shows, in shares of it; null if each photo's contents decide. */
export function cropOf(size, ratio) {
  const whole = { left: 0, top: 0, width: 1, height: 1 };
  if (!isPlaced(size) || size.fit === 'contain') return whole;
  const place = POSITIONS[size.position || 'center'];
  if (!place) return null;
  const box = size.width / size.height;
  const width = Math.min(1, box / ratio);
  const height = Math.min(1, ratio / box);
  return { left: (1 - width) * place[0], top: (1 - height) * place[1], width, height };
}
