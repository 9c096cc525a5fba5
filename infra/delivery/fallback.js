import cf from 'cloudfront';

// Asks the format's folder first; if it has no such image, the on-demand function or the size's folder.
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
