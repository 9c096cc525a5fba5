// Viewer request: chooses the image that a visitor gets, before the cache lookup.
// viewer_function.py prepends the stage's constants and its way of choosing an origin. An entry of
// SIZES is a name, width, height (0 if it follows the photo), own format, number of the sizes that
// show the same picture, and list of the other formats in order of preference; of a
// limited one also its paths and exceptions (paths.js).

// Returns the request to forward, or a response.
function decide(request) {
  const uri = spelled(request.uri);
  if (uri === undefined) return { statusCode: 400, statusDescription: 'Bad Request' };
  request.uri = uri;
  // The header is part of the cache key: the visitor's own must not count.
  delete request.headers[FOLDER];
  return SERVE_QUERIES ? byQuery(request) : byPath(request);
}

// Normalizes a path to the form that the cache and invalidations use (lib/keys.py: url_path);
// undefined if no image can have it: not UTF-8, NUL, or a `.` or `..` folder.
function spelled(uri) {
  try {
    const path = decodeURIComponent(uri.replace(/%(?![0-9a-f]{2})/gi, '%25'));
    // CloudFront has chosen the origin by the path as it was sent. Another spelling of this folder
    // would go to the wrong origin, and its 404 would be cached for the image.
    const hidden = path.indexOf('/_signed/') === 0 && uri.indexOf('/_signed/') !== 0;
    if (hidden || /(^|\/)\.\.?(\/|$)|\0/.test(path)) return undefined;
    return encodeURI(path).replace(/[?#+*~]/g, hex);
  } catch (error) {
    return undefined;
  }
}

function hex(mark) {
  return '%' + mark.charCodeAt(0).toString(16).toUpperCase();
}

function byPath(request) {
  const slash = request.uri.indexOf('/', 1);
  const path = request.uri.slice(slash);
  const size = sizeNamed(request.uri.slice(1, slash));
  if (SERVE_FORMATS && size && slash > 1 && path.length > 1) negotiate(request, size, path);
  return request;
}

// Chooses the first of the size's formats that the visitor accepts; else changes nothing.
function negotiate(request, size, path) {
  const taken = accepted(request.headers.accept);
  const format = formatsOf(size).find((each) => taken['image/' + each] === true);
  if (format) send(request, size[0], size[0] + '.' + format, path);
}

function sizeNamed(name) {
  return SIZES.find((size) => size[0] === name);
}

function formatsOf(size) {
  return size[5];
}

// Returns the types of an Accept header, and whether each is accepted. Wildcards select no format:
// browsers that cannot show it send */* too.
function accepted(header) {
  const types = {};
  const values = header ? header.multiValue || [header] : [];
  values.forEach((value) =>
    value.value.toLowerCase().split(',').forEach((range) => {
      const parts = range.split(';').map((part) => part.trim());
      const quality = parts.slice(1).find((part) => part.indexOf('q=') === 0);
      types[parts[0]] = quality === undefined || Number(quality.slice(2)) > 0;
    })
  );
  return types;
}
