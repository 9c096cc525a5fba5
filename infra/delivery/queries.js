// Sizes by query string: /photo.jpg?w=300&h=200 is /<size>/photo.jpg of the size with that box.
// Only the folder and the path are forwarded, so every form of a request shares one cache entry.
// viewer_function.py defines SIZES: the name, box and own format of each size; of a LIMITED one also
// its paths and exceptions (paths.js).
const PARAMETERS = ['w', 'h', 'd', 'size', 'format'];

// Returns the request with a size's folder, or a 400 response.
function byQuery(request) {
  const said = statements(request.querystring);
  const path = request.uri;
  if (said.length === 0 || stays(path)) return byPath(request);
  const wish = wished(said);
  const sizes = LIMITED ? offered(path) : SIZES;
  const size = wish && path.length > 1 ? sizeFor(wish, sizes) : undefined;
  const folder = size && folderFor(size, wish.format);
  if (!folder) return refusal(sizes);
  request.querystring = {};
  request.uri = '/' + folder + path;
  const format = wish.format || (SERVE_FORMATS ? 'auto' : '');
  if (format === 'auto') negotiate(request, size[0], path);
  return request;
}

// Returns each of our parameters in the query as [name, value].
function statements(querystring) {
  const said = [];
  Object.keys(querystring).forEach((key) => {
    const name = plain(key);
    if (PARAMETERS.indexOf(name) < 0) return;
    const given = querystring[key];
    (given.multiValue || [given]).forEach((each) => said.push([name, plain(each.value)]));
  });
  return said;
}

// Decodes a name or value, which CloudFront passes on as it was sent; returns "", which is neither
// a name nor a value of ours, if that fails.
function plain(text) {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' ')).trim().toLowerCase();
  } catch (error) {
    return '';
  }
}

// Returns whether the path names a variant already: below a size's folder, or signed.
function stays(uri) {
  const parts = uri.split('/');
  if (parts.length < 3) return false;
  const first = parts[1];
  return first === '_signed' || SIZES.some((size) => folders(size[0]).indexOf(first) >= 0);
}

function folders(name) {
  return [name].concat(formatsOf(name).map((format) => name + '.' + format));
}

// Merges the parameters into w, h, size and format; undefined if two contradict each other or one
// is malformed.
function wished(said) {
  const wish = {};
  const clear = said.every((each) => {
    const fields = meant(each[0], each[1]);
    return fields.length > 0 && fields.every((field) => {
      const known = wish[field[0]];
      wish[field[0]] = field[1];
      return known === undefined || known === field[1];
    });
  });
  return clear ? wish : undefined;
}

// Returns the fields that one parameter sets; none if it is malformed.
function meant(name, value) {
  if (name === 'size' || name === 'format') return [[name, value]];
  const box = { w: value + 'x', h: 'x' + value, d: value }[name];
  const edges = /^(\d*)x(\d*)$/.exec(box);
  if (!edges) return [];
  return [['w', edges[1]], ['h', edges[2]]]
    .filter((edge) => edge[1] !== '')
    .map((edge) => [edge[0], String(Number(edge[1]))]);
}

// Returns the first size that matches.
function sizeFor(wish, sizes) {
  const box = (wish.w || '') + 'x' + (wish.h || '');
  if (wish.size === undefined && box === 'x') return undefined;
  return sizes.find(
    (size) =>
      (wish.size === undefined || size[0] === wish.size) && (box === 'x' || size[1] === box)
  );
}

// Returns the folder of the size's format; undefined if the size lacks it.
function folderFor(size, format) {
  if (format === undefined || format === 'auto' || format === size[2]) return size[0];
  return formatsOf(size[0]).indexOf(format) < 0 ? undefined : size[0] + '.' + format;
}

// The response repeats nothing from the request.
function refusal(sizes) {
  const lines = sizes.map((size) => size.slice(0, 3).concat(formatsOf(size[0])).join(' '));
  const how = 'Ask for /PATH?w=WIDTH&h=HEIGHT, ?d=WIDTHxHEIGHT or ?size=NAME, and if you like for ' +
    '&format=auto or one of its formats, of these sizes (name, box, formats):';
  return {
    statusCode: 400,
    statusDescription: 'Bad Request',
    headers: {
      'content-type': { value: 'text/plain; charset=utf-8' },
      'cache-control': { value: 'no-store' },
      'x-content-type-options': { value: 'nosniff' },
    },
    body: [how].concat(lines).join('\n') + '\n',
  };
}
