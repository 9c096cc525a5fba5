// Files and folders that are dropped on the page, or chosen, with their paths.

import { h } from './dom.js';

/** Calls `take` with pairs of a file and its path for all that is dropped while `element` is shown. */
export function listenForDrops(element, take) {
  const veil = h('div', { className: 'veil', hidden: true }, 'Drop to upload');
  element.append(veil);
  addEventListener('dragover', (event) => {
    if (!element.isConnected || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    veil.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  addEventListener('drop', async (event) => {
    veil.hidden = true;
    if (!element.isConnected) return;
    event.preventDefault();
    // Entries are gone once this event is over: all are taken before the first is read.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = await Promise.all(entries.map((entry) => read(entry)));
    take(found.flatMap((pairs, i) => (entries[i].isDirectory ? inFolder(pairs) : pairs.map(([file]) => [file]))));
  });
}

/** Puts photos of a folder, with its name, below a new one; other files are left out. */
export function inFolder(pairs) {
  const now = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  return pairs.filter(([file]) => isPhoto(file)).map(([file, path]) => [file, `${now}/${path}`]);
}

const isPhoto = (file) => file.type.startsWith('image/') || /\.(heic|heif|avif|tiff?|bmp)$/i.test(file.name);

/** Returns the files below an entry, each with its path. */
async function read(entry) {
  if (entry.isFile) return [[await new Promise((resolve, reject) => entry.file(resolve, reject)), entry.fullPath.slice(1)]];
  const reader = entry.createReader();
  const found = [];
  for (let some; (some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length; ) found.push(...some);
  return (await Promise.all(found.map(read))).flat();
}
