// For an emulator, which has no origin groups: always the format's folder. local/cdn.py falls back.
function send(request, size, folder, path) {
  request.uri = '/' + folder + path;
}

// local/cdn.py checks the signatures of viewers and then sends x-fanout-viewer, and x-fanout-ask to
// learn where a request would go.
function handler(event) {
  if (PRIVATE && !event.request.headers['x-fanout-viewer']) {
    return { statusCode: 403, statusDescription: 'Forbidden' };
  }
  const asks = event.request.headers['x-fanout-ask'];
  const decided = decide(event.request);
  if (!asks || decided.statusCode) return decided;
  return { statusCode: 204, headers: { 'x-fanout-uri': { value: decided.uri } } };
}
