// sharp with the protocol of serve.py: a JSON request per line in, a JSON response per line out.

import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

const respond = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

let sharp;
try {
  sharp = (await import('sharp')).default;
} catch {
  respond({ absent: 'npm ci in bench/' });
  process.exit(0);
}

// One thread and no cache, so that each job does all of its work.
sharp.concurrency(1);
sharp.cache(false);

// The settings that give the bytes that ours give: PNG with adaptive filters (without them, a photo
// takes 15 to 66 % more), JPEG and WebP with the same quality. libavif's speed 8 is effort 1.
const SAVERS = {
  jpeg: (image) => image.jpeg({ quality: 80, progressive: true, chromaSubsampling: '4:2:0' }),
  png: (image) => image.png({ compressionLevel: 6, adaptiveFiltering: true }),
  webp: (image) => image.webp({ quality: 80, effort: 4 }),
  avif: (image) => image.avif({ quality: 60, effort: 1, chromaSubsampling: '4:2:0' }),
};

let source;
let made = [];

const render = ({ width, height, fit, format }) =>
  SAVERS[format](
    sharp(source).autoOrient().resize(width, height, { fit, withoutEnlargement: true }),
  ).toBuffer();

const commands = {
  load: ({ path: file }) => {
    source = fs.readFileSync(file);
    return {};
  },
  run: async ({ wanted }) => {
    made = [];
    const cpu = {};
    for (const each of wanted) {
      const before = process.cpuUsage();
      made.push(await render(each));
      const { user, system } = process.cpuUsage(before);
      cpu[each.name] = (user + system) / 1e6;
    }
    return { cpu };
  },
  save: ({ folder }) => {
    const files = made.map((data, index) => path.join(folder, `${index}`));
    files.forEach((file, index) => fs.writeFileSync(file, made[index]));
    return { files };
  },
};

respond({ version: `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}` });
for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    respond(await commands[request.do](request));
  } catch (error) {
    respond({ error: String(error) });
  }
}
