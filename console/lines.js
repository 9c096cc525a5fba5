// Sizes with values that are changed by hand, as the API and sizes.yml take them.

import { isPlaced } from './geometry.js';

// What POST /render takes of a size made up by hand; the others do not change a rendering's look.
const FIELDS = ['width', 'height', 'fit', 'position', 'format', 'quality', 'background', 'enlarge'];
// Positions that depend on what is in the photo: only crops have them.
const SEARCHED = ['attention', 'faces', 'focus'];

/** Returns a size with the changes that apply to it. */
export function change(size, changes) {
  const values = { ...size, ...changes };
  const isCrop = (values.fit || 'cover') === 'cover';
  if (!isPlaced(values) || (SEARCHED.includes(values.position) && !isCrop)) delete values.position;
  if (!SEARCHED.includes(values.position)) delete values.fallback;
  // A format is stored once.
  if (values.formats) values.formats = values.formats.filter((format) => format !== values.format);
  return values;
}

/** Returns what POST /render takes of a size. */
export const fieldsOf = (size) => Object.fromEntries(FIELDS.filter((field) => field in size).map((field) => [field, size[field]]));

/** Returns sizes as text for sizes.yml. */
export function linesOf(sizes) {
  const entries = sizes.map(({ name, ...values }) =>
    [`  - name: ${quoted(name)}`, ...Object.entries(values).map(([field, value]) => `    ${field}: ${quoted(value)}`)].join('\n')
  );
  return `sizes:\n${entries.join('\n')}`;
}

// JSON is YAML. Words need no quotes, but for those that YAML takes for true, false or null.
const WORD = /^(?!(y|n|yes|no|on|off|true|false|null)$)([a-z][a-z-]*|[1-9]\d*x\d*)$/;
const quoted = (value) => (WORD.test(value) ? value : JSON.stringify(value, (key, each) => (key === 'sha256' ? undefined : each)));
