// What went wrong, and what the manual (docs/operations.md) says to do about it.

const REASONS = {
  empty: ['The file has no bytes.', 'Upload it again.'],
  truncated: ['The file ends early.', 'Upload it again.'],
  unsupported: ['This is no picture of a supported type.', 'Upload it as JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP.'],
  corrupt: ['The file is damaged.', 'Upload it as JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP.'],
  too_many_bytes: ['The file is too large.', 'Upload a smaller one.'],
  too_many_pixels: ['The picture has too many pixels.', 'Upload a smaller one.'],
  too_many_frames: ['The animation is too long.', 'Upload a simpler file.'],
  too_many_scans: ['The file was made to exhaust a renderer.', 'Upload a simpler file.'],
  metadata_bomb: ['The file was made to exhaust a renderer.', 'Upload a simpler file.'],
  not_encoded: ['The encoder failed.', 'Give the size another format or a smaller box.'],
  moderated: ['Rekognition flagged it.', 'Review it.'],
  bad_key: ['No photo can have this path.', 'Upload it to another path.'],
  archived: ['The original is archived.', 'Restore it in S3; then it is rendered.'],
  malformed_event: ['The message is no S3 event.', 'Find the sender; purge it.'],
  foreign_object: ['The event is of another bucket or folder.', 'Find the sender; purge it.'],
  bad_url: ['The URL is invalid.', 'Submit another URL.'],
  address_refused: ['The URL leads to an address that is not public.', 'Submit a public one.'],
  source_refused: ['The server does not provide the file.', 'Fix the server and replay, or submit another URL.'],
  path_taken: ['There is a photo at the path.', 'Submit with overwrite, or for another path.'],
  path_refused: ['CloudFront cannot invalidate a path of this photo.', 'Invalidate its folder by hand.'],
  worker_stopped: ['Memory or timeout stopped each worker.', 'Read the log; raise the size’s memory, deploy, replay.'],
  undelivered: ['SNS could not deliver the upload to the size’s queue.', 'Run fanout doctor, then replay.'],
  not_purged: ['An invalidation failed, so the CDN may show old variants until they expire.', 'Fix the invalidation function, then replay.'],
  source_failed: ['The server answered with an error, or asked to come later.', 'Replay when the server works.'],
  source_timeout: ['The server took too long.', 'Replay when the server works.'],
  source_truncated: ['The download ended early.', 'Replay when the server works.'],
  source_unreachable: ['The server could not be reached.', 'Replay when the server works.'],
};

/** What happened, in a sentence. */
export const what = (reason) => (REASONS[reason] || [`It failed: ${reason}.`])[0];

/** What to do about it. Other reasons are AWS's own errors, which pass. */
export const advice = (reason) => (REASONS[reason] || ['', 'Replay it when AWS has recovered.'])[1];
