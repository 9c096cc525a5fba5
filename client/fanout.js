// Uploads photos to an Image Fan-out stage, and waits for their variants.

const BATCH = 100; // of a request
const ATTEMPTS = 6;

export function createClient({ api, token, signed }) {
  const waiting = new Set(); // calls of whenReady share one poll
  let polling;

  const call = (method, path, json, signal) =>
    retried(async () => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const response = await fetch(api + path, { method, headers, signal, body: JSON.stringify(json) });
      const answer = await response.json().catch(() => ({}));
      answer.after = Number(response.headers.get('Retry-After'));
      if (response.ok) return answer;
      throw failed({ ...answer, status: response.status });
    }, signal);

  async function upload(file, { path, overwrite, onProgress, signal } = {}) {
    const ticket = await call('POST', '/uploads', describe(file, path, overwrite), signal);
    return send(ticket, file, onProgress, signal);
  }

  async function uploadAll(files, { path, overwrite, onProgress, onUploaded, signal } = {}) {
    const results = [];
    while (results.length < files.length) {
      const some = [...files].slice(results.length, results.length + BATCH);
      const asked = some.map((file) => describe(file, path?.(file), overwrite));
      const { uploads } = await call('POST', '/uploads/batch', { uploads: asked }, signal);
      const batch = uploads.map(({ ticket, problem }, i) => {
        return { ...ticket, file: some[i], error: problem && failed(problem) };
      });
      const left = batch.values();
      const work = async () => {
        for (const one of left) {
          const tell = (share) => onProgress?.(one.file, share);
          if (!one.error) await send(one, one.file, tell, signal).catch((e) => (one.error = e));
          signal?.throwIfAborted();
          onUploaded?.(one);
        }
      };
      await Promise.all([work(), work(), work(), work()]); // of six connections
      results.push(...batch);
    }
    return results;
  }

  const whenReady = (path, { onStatus, signal } = {}) =>
    new Promise((resolve, reject) => {
      waiting.add({ path, onStatus, signal, resolve, reject });
      polling ||= poll().finally(() => (polling = 0));
    });

  async function poll() {
    for (await sleep(0); waiting.size; ) {
      const calls = [...waiting].slice(0, BATCH);
      const paths = calls.map((one) => one.path);
      const fail = (problem) => ({ uploads: paths.map(() => ({ problem })) });
      const { uploads, after } = await call('POST', '/uploads/status', { paths, signed }).catch(fail);
      calls.forEach((one, i) => settle(one, uploads[i]));
      if (waiting.size) await sleep(after || 1);
    }
  }

  function settle(one, { photo, problem }) {
    waiting.delete(one);
    if (one.signal?.aborted) return one.reject(one.signal.reason);
    if (problem) return one.reject(failed(problem));
    one.onStatus?.(photo);
    const busy = Object.values(photo.sizes).some(({ state }) => state === 'pending');
    return busy ? waiting.add(one) : one.resolve(photo);
  }

  return { call, upload, uploadAll, whenReady };
}

export function pictureFor({ sizes }, { names = Object.keys(sizes), alt = '', layout = '100vw' } = {}) {
  const variants = names.flatMap((name) => sizes[name].variants);
  const width = ({ pixels }) => pixels.split('x')[0];
  const [largest] = variants.toSorted((a, b) => width(b) - width(a));
  const [own, ...others] = new Set(variants.map((v) => v.content_type));
  if (!own) return '';
  const sources = [...others, own].map((type) => {
    const some = variants.filter((v) => v.content_type === type);
    const srcset = some.map((v) => `${v.url} ${width(v)}w`).join(', ');
    return `<source type="${type}" srcset="${escape(srcset)}" sizes="${layout}">`;
  });
  const box = largest.pixels.replace('x', '" height="');
  const img = `<img src="${escape(largest.url)}" width="${box}" alt="${escape(alt)}">`;
  return `<picture>${sources.join('')}${img}</picture>`;
}

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt()};`);
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const failed = ({ status, type, after, detail, message }) =>
  Object.assign(Error(detail || message || `HTTP ${status}`), { status, type, after });

async function retried(work, signal) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      const { status = 500, after = 0 } = error; // of a lost connection
      if ((status < 500 && status !== 429) || attempt === ATTEMPTS) throw error;
      await sleep(Math.max(after, 2 ** attempt / 4));
    }
  }
}

const describe = (file, path, overwrite) => ({
  [path ? 'path' : 'filename']: path || file.name,
  overwrite,
  content_type: file.type || `image/${file.name.split('.').pop().toLowerCase()}`,
  bytes: file.size,
});

async function send(ticket, file, onProgress, signal) {
  const form = new FormData();
  for (const field of Object.entries(ticket.fields)) form.append(...field);
  form.append('file', file); // S3 ignores fields after it
  await retried(() => post(ticket.url, form, onProgress, signal), signal);
  onProgress?.(1);
  return ticket;
}

async function post(url, body, onProgress, signal) {
  const { status, response = '' } = await (globalThis.XMLHttpRequest
    ? xhr(url, body, onProgress, signal)
    : fetch(url, { method: 'POST', body, signal }));
  if (status > 299) throw failed({ status, detail: /<Message>(.*?)</.exec(response)?.[1] });
}

// Unlike fetch, it tells the progress.
const xhr = (url, body, onProgress, signal) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => onProgress?.((0.99 * loaded) / total);
    request.onload = () => resolve(request);
    request.onerror = request.onabort = () => reject(Error('the connection was lost'));
    signal?.addEventListener('abort', () => request.abort());
    request.open('POST', url);
    request.send(body);
  });
