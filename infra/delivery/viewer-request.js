// Viewer request: which picture a visitor gets, decided before the cache is looked at.
// infra/delivery/viewer_function.py puts in front of this how it is carried out, and what it depends on.

// The request as it goes on, or an answer.
function decide(request) {
  const uri = spelled(request.uri);
  if (uri === undefined) return { statusCode: 400, statusDescription: 'Bad Request' };
  request.uri = uri;
  // It is part of the cache key: what a visitor sends under this name must not count.
  delete request.headers[FOLDER];
  return SERVE_QUERIES ? byQuery(request) : byPath(request);
}

// The one spelling of a path that the cache knows and that purges name (lib/keys.py: url_path);
// undefined where no picture can be: not UTF-8, NUL, or a folder that others would fold away.
function spelled(uri) {
  try {
    const path = decodeURIComponent(uri.replace(/%(?![0-9a-f]{2})/gi, '%25'));
    // CloudFront has chosen the origin by the path as it was sent: another spelling of this folder
    // would be asked of the wrong one, and its miss cached in place of the picture.
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
  if (SERVE_FORMATS && slash > 1 && path.length > 1) {
    negotiate(request, request.uri.slice(1, slash), path);
  }
  return request;
}

// The first of the size's formats that the visitor takes; else what the request asks for anyway.
function negotiate(request, size, path) {
  const formats = formatsOf(size);
  if (formats.length === 0) return;
  const taken = accepted(request.headers.accept);
  const format = formats.find((each) => taken['image/' + each] === true);
  if (format) send(request, size, size + '.' + format, path);
}

function formatsOf(size) {
  return Object.prototype.hasOwnProperty.call(FORMATS, size) ? FORMATS[size] : [];
}

// The types that an Accept header names, and whether it wants them. Wildcards select nothing:
// browsers of any age send */*.
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
