// Viewer request: which format of a picture a visitor gets, decided before the cache is looked at.
// infra/delivery/formats.py puts send(), FOLDER and FORMATS in front of this.

function handler(event) {
  const request = event.request;
  // It is part of the cache key: what a visitor sends under this name must not count.
  delete request.headers[FOLDER];
  const slash = request.uri.indexOf('/', 1);
  const size = request.uri.slice(1, slash);
  const path = request.uri.slice(slash);
  if (slash > 1 && path.length > 1 && Object.prototype.hasOwnProperty.call(FORMATS, size)) {
    const taken = accepted(request.headers.accept);
    const format = FORMATS[size].find((each) => taken['image/' + each] === true);
    if (format) send(request, size, size + '.' + format, path);
  }
  return request;
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
