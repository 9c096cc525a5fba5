import cf from 'cloudfront';

// The format's folder, and where it has no such picture, whoever makes it, or the size's own.
function send(request, size, folder, path) {
  request.uri = path;
  request.headers[FOLDER] = { value: folder };
  cf.createRequestOriginGroup({
    originIds: [{ originId: ORIGIN + folder }, { originId: ELSE || ORIGIN + size }],
    failoverCriteria: { statusCodes: [403, 404] },
  });
}

function handler(event) {
  return decide(event.request);
}
