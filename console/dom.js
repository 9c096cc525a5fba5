// Elements, and texts for people. Nothing here, or elsewhere, parses text as HTML.

/** Creates an element: properties, attributes with a dash, listeners as `onclick`, children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.includes('-') || name === 'role' || name === 'for') element.setAttribute(name, value);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const clear = (element, ...children) => element.replaceChildren(...children.flat().filter(Boolean));

/** A name that somebody else chose, in its own direction of writing. */
export const name = (text) => h('bdi', { textContent: text, dir: 'auto' });

const UNITS = ['B', 'KB', 'MB', 'GB'];

export function bytes(count) {
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

const seconds = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
export const duration = (milliseconds) =>
  milliseconds < 950 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${seconds.format(milliseconds / 1000)} s`;

const NAMES = { jpeg: 'JPEG', png: 'PNG', gif: 'GIF', webp: 'WebP', avif: 'AVIF', tiff: 'TIFF', heic: 'HEIC', bmp: 'BMP' };
export const format = (type) => NAMES[type.split('/')[1]] || type;

const signed = new Intl.NumberFormat('en', { style: 'percent', signDisplay: 'exceptZero' });
/** A change, such as −38%. */
export const percent = (share) => signed.format(share).replace('-', '−');

export const count = (number, noun) =>
  `${number.toLocaleString('en')} ${noun}${number === 1 || noun.endsWith(' failed') ? '' : 's'}`;

const AGES = [
  [86400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function age(time) {
  const past = Math.max(0, (Date.now() - new Date(time)) / 1000);
  const [length, unit] = AGES.find(([each]) => past >= each) || AGES.at(-1);
  return relative.format(-Math.floor(past / length), unit);
}

export const times = (pixels) => pixels.replace('x', '×');

const live = () => document.getElementById('live');
let announced = 0;

/** Tells a screen reader, at most once in two seconds. */
export function announce(text) {
  clearTimeout(announced);
  announced = setTimeout(() => (live().textContent = text), 2000);
}

/** Asks before something is lost; resolves with whether to go on. */
export function confirm(question, action, detail = '') {
  return new Promise((resolve) => {
    const dialog = h(
      'dialog',
      { className: 'ask', 'aria-labelledby': 'question', onclose: () => (dialog.remove(), resolve(dialog.returnValue === 'yes')) },
      h('form', { method: 'dialog' }, [
        h('h2', { id: 'question' }, question),
        detail && h('p', {}, detail),
        h('div', { className: 'actions' }, [
          h('button', { value: 'no', className: 'quiet', textContent: 'Cancel' }),
          h('button', { value: 'yes', className: 'danger', textContent: action }),
        ]),
      ])
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
