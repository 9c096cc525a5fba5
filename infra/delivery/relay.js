// Viewer request of the distribution in front of the Function URL. CloudFront's signature and
// Lambda's check of it have disagreed about paths with escapes: what is signed here has none.
// infra/delivery/relay.py puts TOKEN and FOLDER in front of this.
function handler(event) {
  const request = event.request;
  const token = request.headers[TOKEN_HEADER];
  if (!token || token.value !== TOKEN) return { statusCode: 403, statusDescription: 'Forbidden' };
  const folder = request.headers[FOLDER];
  const uri = (folder ? '/' + folder.value : '') + request.uri;
  request.uri = '/' + Buffer.from(uri).toString('base64url');
  return request;
}
