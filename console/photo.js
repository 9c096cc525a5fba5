// One photo of the upload page: what is known of it, and how it comes to be known.

import { client, stage } from './stage.js';
import { what } from './reasons.js';

// Pixels of the originals' previews: over twice the height of a tile, for dense screens.
const PREVIEW = 288;
// What browsers accept in pictures; the CDN may choose a format by it.
const ACCEPT = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
// Seconds until a replayed photo that still has its old failure has failed again.
const REPLAY_SECONDS = 12;
const LOST_SECONDS = 3;

let last = 0;

export class Photo {
  constructor(file, path, onChange) {
    this.id = ++last;
    this.file = file;
    this.name = path ? path.slice(path.indexOf('/') + 1) : file.name;
    this.wanted = path;
    this.phase = 'queued';
    this.share = 0;
    this.ratio = 0;
    this.sizes = {};
    this.onView = null; // of the viewer, while it shows this photo
    this.onChange = () => {
      onChange(this);
      this.onView?.();
    };
  }

  /** Reads the photo's shape, and a small picture of it; once, when it comes into view. */
  async look() {
    if (this.preview !== undefined) return;
    this.preview = null;
    try {
      const bitmap = await createImageBitmap(this.file, { resizeHeight: PREVIEW, resizeQuality: 'medium' });
      this.ratio = bitmap.width / bitmap.height;
      this.preview = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
      this.preview.getContext('bitmaprenderer').transferFromImageBitmap(bitmap);
    } catch {
      // This browser cannot show the file: perhaps the stage can render it.
    }
    this.onChange();
  }

  progress(share) {
    this.phase = 'sending';
    this.share = share;
    this.onChange();
  }

  failed(error) {
    this.phase = 'refused';
    this.error = error;
    this.onChange();
  }

  sent(path) {
    this.path = path;
    this.phase = 'waiting';
    this.share = 1;
    this.sentAt = performance.now();
    this.onChange();
    return this.wait();
  }

  async wait() {
    try {
      await client.whenReady(this.path, { onStatus: (status) => this.read(status) });
      this.phase = 'done';
    } catch (error) {
      if (error.status) return this.failed(error);
      this.phase = 'lost'; // the connection: it may come back
      setTimeout(() => this.wait(), LOST_SECONDS * 1000);
    }
    return this.onChange();
  }

  read(status) {
    this.phase = 'waiting';
    // Some sizes are made of the photos in some folders only.
    this.made = Object.keys(status.sizes);
    for (const [name, size] of Object.entries(status.sizes)) {
      const known = this.sizes[name];
      if (known?.replayedAt && size.state === 'failed' && !this.isOver(known)) continue;
      if (known?.state === size.state) continue;
      const after = size.state === 'ready' ? performance.now() - (known?.replayedAt || this.sentAt) : undefined;
      this.sizes[name] = { ...size, after };
    }
    this.onChange();
  }

  isOver = (size) => performance.now() - size.replayedAt > REPLAY_SECONDS * 1000;

  /** Sends the dead letter of a size back to its queue, and waits for what becomes of it. */
  async replay(name) {
    const before = this.sizes[name];
    this.sizes[name] = { state: 'replayed', variants: [], replayedAt: performance.now() };
    this.onChange();
    try {
      const { taken } = await client.call('POST', '/dead-letters/replay', { sizes: [name], paths: [this.path] });
      if (!taken) throw Error('Its dead letter is not in the queue, or somebody reads it now. Try again.');
      while (this.sizes[name].state === 'replayed') {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await client.whenReady(this.path, { onStatus: (status) => this.read(status) });
      }
      this.phase = 'done';
    } catch (error) {
      this.sizes[name] = { ...before, note: error.message };
    }
    this.onChange();
  }

  /** Gets a variant as a browser does, once: its bytes and format as delivered. */
  deliver(name) {
    const size = this.sizes[name];
    size.delivery ??= receive(size.variants[0]).then((delivered) => {
      size.delivered = delivered;
      this.onChange();
    });
    return size.delivery;
  }

  get states() {
    const names = this.made || stage.sizes.map((size) => size.name);
    return names.map((name) => this.sizes[name]?.state || 'pending');
  }
}

async function receive({ url, bytes, content_type: type }) {
  try {
    const response = await fetch(url, { headers: { Accept: ACCEPT } });
    if (!response.ok) throw Error(`HTTP ${response.status}`);
    const blob = await response.blob();
    return { url: URL.createObjectURL(blob), bytes: blob.size, type: blob.type.split(';')[0] };
  } catch {
    // Another site's image may be shown, though not read: what the status says must do.
    return { url, bytes, type };
  }
}

/** What a failed size says: what happened, and what its error adds. */
export const explain = (size) => size.note || what(size.reason);
