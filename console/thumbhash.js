// Pictures of ThumbHashes, as Evan Wallace's reference paints them: what a variant looks like, blurred.

const EDGE = 32; // pixels along the longer edge, as the reference has
const BOOST = 1.25; // makes up for the quantization of saturation

/** Returns the width, height and RGBA pixels of a hash in base64. */
export function decode(base64) {
  const hash = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const low = hash[0] | (hash[1] << 8) | (hash[2] << 16);
  const high = hash[3] | (hash[4] << 8);
  const transparent = low >> 23;
  const landscape = high >> 15;
  const long = transparent ? 5 : 7;
  const short = high & 7;
  const [across, down] = landscape ? [long, short] : [short, long];
  let at = (transparent ? 6 : 5) * 2; // in half bytes
  const read = (columns, rows, scale) => {
    const terms = [];
    for (let y = 0; y < rows; y++) {
      for (let x = y ? 0 : 1; x * rows < columns * (rows - y); x++, at++) {
        terms.push([x, y, (((hash[at >> 1] >> ((at & 1) * 4)) & 15) / 7.5 - 1) * scale * 2]);
      }
    }
    return terms;
  };
  const channels = [
    [(low & 63) / 63, read(Math.max(3, across), Math.max(3, down), ((low >> 18) & 31) / 31)],
    [((low >> 6) & 63) / 31.5 - 1, read(3, 3, (((high >> 3) & 63) / 63) * BOOST)],
    [((low >> 12) & 63) / 31.5 - 1, read(3, 3, (((high >> 9) & 63) / 63) * BOOST)],
    transparent ? [(hash[5] & 15) / 15, read(5, 5, (hash[5] >> 4) / 15)] : [1, []],
  ];
  const ratio = across / down;
  const width = Math.round(ratio > 1 ? EDGE : EDGE * ratio);
  const height = Math.round(ratio > 1 ? EDGE / ratio : EDGE);
  return { width, height, pixels: compose(channels, waves(width), waves(height)) };
}

// By pixel, the cosines of each frequency.
const waves = (edge) =>
  Array.from({ length: edge }, (_, i) => Array.from({ length: 7 }, (_, k) => Math.cos((Math.PI / edge) * (i + 0.5) * k)));

function compose(channels, columns, rows) {
  const pixels = new Uint8ClampedArray(columns.length * rows.length * 4);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const [l, p, q, alpha] = channels.map(([constant, terms]) => terms.reduce((sum, [x, y, term]) => sum + term * column[x] * row[y], constant));
      const blue = l - (2 / 3) * p;
      const red = (3 * l - blue + q) / 2;
      for (const value of [red, red - q, blue, alpha]) pixels[at++] = Math.floor(255 * value);
    }
  }
  return pixels;
}

/** Paints a hash on a new canvas. */
export function paint(base64) {
  const { width, height, pixels } = decode(base64);
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d').putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}
