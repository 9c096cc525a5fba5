// Sizes by query string: /photo.jpg?w=300&h=200 is /<size>/photo.jpg of the size with that box.
// Only the folder and the path are forwarded, so every form of a request shares one cache entry.
const PARAMETERS = ['w', 'h', 'd', 'size', 'format'];

// Returns the request with a size's folder, or a 400 response.
function byQuery(request) {
  const said = statements(request.querystring);
  const path = request.uri;
  if (said.length === 0 || stays(path)) return byPath(request);
  const wish = wished(said);
  const sizes = LIMITED ? offered(path) : SIZES;
  const size = wish && path.length > 1 ? sizeFor(wish, sizes, request.headers) : undefined;
  const folder = size && folderFor(size, wish.format);
  if (!folder) return refusal(sizes);
  request.querystring = {};
  request.uri = '/' + folder + path;
  const format = wish.format || (SERVE_FORMATS ? 'auto' : '');
  if (format === 'auto') negotiate(request, size, path);
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
  const first = parts[1];
  const isFolder = (size) =>
    first === size[0] || formatsOf(size).some((format) => first === size[0] + '.' + format);
  return parts.length > 2 && (first === '_signed' || SIZES.some(isFolder));
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
  if (name === 'size' || name === 'format' || (name === 'w' && value === 'auto')) {
    return [[name, value]];
  }
  const box = { w: value + 'x', h: 'x' + value, d: value }[name];
  const edges = /^(0*[1-9]\d*)?x(0*[1-9]\d*)?$/.exec(box) || [];
  return [['w', Number(edges[1])], ['h', Number(edges[2])]].filter((edge) => edge[1]);
}

// Returns the first size that matches, or the one that is wide enough for the visitor.
function sizeFor(wish, sizes, headers) {
  if (!(wish.w || wish.h) && wish.size === undefined) return undefined;
  const named = wish.size === undefined ? sizes : sizes.filter((size) => size[0] === wish.size);
  if (wish.w === 'auto') return wideEnough(alike(wish, sizes, named), headers);
  return named.find(
    (size) => !(wish.w || wish.h) || (size[1] === (wish.w || 0) && size[2] === (wish.h || 0))
  );
}

// Returns the sizes whose width is free to choose, by width: those that show the picture of the
// named size, or else those with only a width, or with this height.
function alike(wish, sizes, named) {
  const height = wish.h || (wish.size === undefined ? 0 : undefined);
  return sizes.filter(
    (size) =>
      size[1] &&
      folderFor(size, wish.format) &&
      named.some((each) => each[4] === size[4]) &&
      (height === undefined || size[2] === height)
  );
}

// Returns the smallest size that is wide enough, else the widest; without a hint the middle one.
function wideEnough(sizes, headers) {
  const viewport = hint(headers, 'viewport-width');
  const needed = hint(headers, 'width') || viewport * (hint(headers, 'dpr') || 1);
  if (!needed) return sizes[sizes.length >> 1];
  return sizes.find((size) => size[1] >= needed) || sizes[sizes.length - 1];
}

// Returns a client hint, by its name or its older name; 0 if it is missing or no positive number.
function hint(headers, name) {
  const numbers = ['sec-ch-' + name, name].map((each) => {
    const sent = headers[each] ? headers[each].value.trim() : '';
    return /^\d+(\.\d+)?$/.test(sent) ? Number(sent) : 0;
  });
  return numbers[0] || numbers[1];
}

// Returns the folder of the size's format; undefined if the size lacks it.
function folderFor(size, format) {
  if (format === undefined || format === 'auto' || format === size[3]) return size[0];
  return formatsOf(size).indexOf(format) < 0 ? undefined : size[0] + '.' + format;
}

// The response repeats nothing from the request.
function refusal(sizes) {
  const lines = sizes.map((size) =>
    [size[0], (size[1] || '') + 'x' + (size[2] || ''), size[3]].concat(formatsOf(size)).join(' ')
  );
  const how = 'Ask for /PATH?w=WIDTH&h=HEIGHT, ?d=WIDTHxHEIGHT, ?size=NAME or ?w=auto, and if you ' +
    'like for &format=auto or one of its formats, of these sizes (name, box, formats):';
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
