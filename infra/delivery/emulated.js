// For an emulator, which has no origin groups: always the format's folder. local/cdn.py falls back.
function send(request, size, folder, path) {
  request.uri = '/' + folder + path;
}

// local/cdn.py sends the header to learn where a request would go.
function handler(event) {
  const asks = event.request.headers['x-fanout-ask'];
  const decided = decide(event.request);
  if (!asks || decided.statusCode) return decided;
  return { statusCode: 204, headers: { 'x-fanout-uri': { value: decided.uri } } };
}
