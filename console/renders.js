// What the stage renders of one photo, and how like the photo it is. Each rendering is asked for once.

import { fieldsOf } from './lines.js';
import { ssim } from './ssim.js';
import { mayOperate, render } from './stage.js';

// Renderings of one photo: so many that going back to earlier values asks for nothing.
const MAX_RENDERINGS = 60;

export class Renders {
  #made = new Map(); // promises by query

  constructor(photo) {
    this.photo = photo;
  }

  /** Renders the photo at a declared size. */
  declared = (name, signal) => this.#get({ size: name }, signal);

  /** Renders it at values that are changed by hand. */
  byHand = (values, signal) => this.#get({ by_hand: JSON.stringify(fieldsOf(values)) }, signal);

  /** Renders the same pixels without loss; null for tokens that may not. */
  lossless = (values, signal) => (mayOperate ? this.byHand({ ...values, format: 'png', quality: undefined }, signal) : null);

  /** Returns the likeness (SSIM) of a rendering to the same pixels without loss: what its encoder changed. */
  async likeness(rendering, values, signal) {
    const exact = await this.lossless(values, signal);
    if (!exact) return null;
    rendering.likeness ??= exact === rendering ? 1 : await compare(rendering.blob, exact.blob);
    return rendering.likeness;
  }

  forget() {
    for (const query of [...this.#made.keys()]) this.#drop(query);
  }

  #get(query, signal) {
    const key = JSON.stringify(query);
    if (!this.#made.has(key)) {
      const made = measure(render(this.photo, query, signal));
      // At once: who asks again does so before the request that was given up has failed.
      const forget = () => this.#made.get(key) === made && this.#made.delete(key);
      signal.addEventListener('abort', forget, { once: true });
      made.then(() => signal.removeEventListener('abort', forget), forget);
      this.#made.set(key, made);
      if (this.#made.size > MAX_RENDERINGS) this.#drop(this.#made.keys().next().value);
    }
    return this.#made.get(key);
  }

  #drop(key) {
    this.#made.get(key).then(({ url }) => URL.revokeObjectURL(url), () => {});
    this.#made.delete(key);
  }
}

async function measure(rendered) {
  const blob = await rendered;
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  bitmap.close();
  return { blob, width, height, type: blob.type.split(';')[0], url: URL.createObjectURL(blob) };
}

async function compare(one, other) {
  const bitmaps = await Promise.all([createImageBitmap(one), createImageBitmap(other)]);
  const likeness = ssim(...bitmaps);
  for (const bitmap of bitmaps) bitmap.close();
  return likeness;
}
