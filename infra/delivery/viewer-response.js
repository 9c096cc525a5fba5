// Viewer response of a private stage: CloudFront may cache an image for all of its viewers, but no
// proxy between it and a viewer. S3's own header cannot say so: CloudFront caches nothing private.
function handler(event) {
  const header = event.response.headers['cache-control'];
  if (header) {
    header.value = header.value.replace(/^public\b/, 'private').replace(/, s-maxage=\d+/, '');
  }
  return event.response;
}
