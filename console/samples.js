// Three pictures to try, painted here: no file to download, nobody's rights.

const PREVIEW = 0.25; // of the edges
const PICTURES = [
  { name: 'dawn.jpg', sky: ['#1d2b53', '#f2a65a', '#ffe3b3'], hills: ['#8c5b6b', '#5f4257', '#352b42', '#1c1a2b'], sun: [0.62, 0.46, '#fff3d6'], seed: 7, edges: [1600, 1067] },
  { name: 'fjord.jpg', sky: ['#6fa8c7', '#cfe3ea', '#f6f3ea'], hills: ['#8fb3bd', '#5d8c99', '#33626e', '#173c45'], sun: [0.3, 0.3, '#ffffff'], seed: 21, edges: [1600, 1200] },
  { name: 'dunes.jpg', sky: ['#2a4a7f', '#8fb2d8', '#f7e0c3'], hills: ['#e9b872', '#d9964f', '#b76b34', '#7d4526'], sun: [0.78, 0.26, '#fff6e0'], seed: 40, edges: [1200, 1600] },
];

/** Lists the samples: each has a name, a small picture of it as a canvas, and makes its file when it is chosen. */
export const samples = () =>
  PICTURES.map((picture) => ({
    name: picture.name,
    preview: () => draw(Object.assign(document.createElement('canvas'), sized(picture, PREVIEW)), picture),
    file: async () => {
      const { width, height } = sized(picture, 1);
      const canvas = draw(new OffscreenCanvas(width, height), picture);
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
      return new File([blob], picture.name, { type: 'image/jpeg' });
    },
  }));

const sized = ({ edges }, share) => ({ width: edges[0] * share, height: edges[1] * share });

function draw(canvas, picture) {
  paint(canvas.getContext('2d'), picture, canvas.width, canvas.height);
  return canvas;
}

function paint(context, { sky, hills, sun, seed }, width, height) {
  const random = mulberry(seed);
  const gradient = context.createLinearGradient(0, 0, 0, height * 0.75);
  sky.forEach((colour, i) => gradient.addColorStop(i / (sky.length - 1), colour));
  context.fillStyle = gradient;
  context.fillRect(0, 0, width, height);
  const [x, y, colour] = sun;
  const glow = context.createRadialGradient(x * width, y * height, 0, x * width, y * height, width * 0.5);
  glow.addColorStop(0, colour);
  glow.addColorStop(0.09, `${colour}cc`);
  glow.addColorStop(0.12, `${colour}55`);
  glow.addColorStop(1, `${colour}00`);
  context.fillStyle = glow;
  context.fillRect(0, 0, width, height);
  hills.forEach((hill, i) => {
    const base = height * (0.52 + i * 0.13);
    const waves = Array.from({ length: 5 }, (_, k) => [random() * 7, (0.6 + random()) * 2 ** k, random()]);
    context.beginPath();
    context.moveTo(0, height);
    for (let at = 0; at <= width; at += 4) {
      const swing = waves.reduce((sum, [shift, rate, weight], k) => sum + (Math.sin((at / width) * 3.2 * rate + shift) * weight) / 1.9 ** k, 0);
      context.lineTo(at, base - swing * height * (0.05 + 0.012 * i));
    }
    context.lineTo(width, height);
    const shade = context.createLinearGradient(0, base - height * 0.1, 0, base + height * 0.3);
    shade.addColorStop(0, hill);
    shade.addColorStop(1, hills[Math.min(i + 1, hills.length - 1)]);
    context.fillStyle = shade;
    context.fill();
  });
  const grain = context.getImageData(0, 0, width, height);
  for (let i = 0; i < grain.data.length; i += 4) {
    const noise = (random() - 0.5) * 12;
    for (let k = 0; k < 3; k++) grain.data[i + k] += noise;
  }
  context.putImageData(grain, 0, 0);
}

// Pseudo-random numbers, the same at each visit.
function mulberry(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
