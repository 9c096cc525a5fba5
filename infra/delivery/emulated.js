// For an emulator, which has no origin groups: the format's folder, whether or not it has such a
// picture. local/cdn.py falls back.
function send(request, size, folder, path) {
  request.uri = '/' + folder + path;
}

// It also asks where a request would go, by a header of its own.
function handler(event) {
  const asks = event.request.headers['x-fanout-ask'];
  const decided = decide(event.request);
  if (!asks || decided.statusCode) return decided;
  return { statusCode: 204, headers: { 'x-fanout-uri': { value: decided.uri } } };
}
