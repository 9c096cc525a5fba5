// Viewer request: which picture a visitor gets, decided before the cache is looked at.
// infra/delivery/function.py puts in front of this how it is carried out, and what it depends on.

// The request as it goes on, or an answer.
function decide(request) {
  // It is part of the cache key: what a visitor sends under this name must not count.
  delete request.headers[FOLDER];
  return SERVE_QUERIES ? byQuery(request) : byPath(request);
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
