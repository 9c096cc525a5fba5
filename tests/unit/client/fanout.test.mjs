// The client in Node, against a server that answers what each test says.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { createClient, pictureFor } from '../../../client/fanout.js';

let server, base, client;
let requests, answers;

before(async () => {
  server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('latin1');
    const seen = { line: `${request.method} ${request.url}`, headers: request.headers, body };
    requests.push(seen);
    const answer = answers[seen.line];
    const { status = 200, json, text = '', headers = {}, lost } = Array.isArray(answer) ? answer.shift() : answer(seen);
    if (lost) return request.socket.destroy();
    response.writeHead(status, headers).end(json ? JSON.stringify(json) : text);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());
beforeEach(() => {
  requests = [];
  answers = {};
  client = createClient({ api: base, token: 'fanout_token' });
});

const photo = (name = 'sea.jpg', type = 'image/jpeg') => new File(['pixels'], name, { type });
const ticket = (path) => ({ path, key: `originals/${path}`, url: `${base}/bucket`, fields: { key: path, policy: 'p' } });
const sizes = (state) => ({ '400x300': { state, variants: [], reason: null, error: null } });
const lines = () => requests.map((each) => each.line);

test('a file is sent with the fields of its ticket, which come before it', async () => {
  answers['POST /uploads'] = [{ status: 201, json: ticket('2026/sea.jpg') }];
  answers['POST /bucket'] = [{ status: 204 }];
  const shares = [];
  const result = await client.upload(photo(), { path: '2026/sea.jpg', onProgress: (share) => shares.push(share) });
  assert.equal(result.path, '2026/sea.jpg');
  assert.equal(requests[0].headers.authorization, 'Bearer fanout_token');
  assert.deepEqual(JSON.parse(requests[0].body), { path: '2026/sea.jpg', content_type: 'image/jpeg', bytes: 6 });
  const { body } = requests[1];
  const order = ['name="key"', 'name="policy"', 'name="file"', 'pixels'].map((each) => body.indexOf(each));
  assert.deepEqual([...order].sort((a, b) => a - b), order);
  assert.ok(order[0] > 0);
  assert.equal(shares.at(-1), 1);
});

test('without a path the API names the photo after its file', async () => {
  answers['POST /uploads'] = [{ status: 201, json: ticket('x/sea.heic') }];
  answers['POST /bucket'] = [{ status: 204 }];
  await client.upload(photo('sea.HEIC', ''));
  // Browsers know no type of some files.
  assert.deepEqual(JSON.parse(requests[0].body), { filename: 'sea.HEIC', content_type: 'image/heic', bytes: 6 });
});

test('a lost connection, 429 and 503 are tried again, and Retry-After is kept to', async () => {
  answers['POST /uploads'] = [
    { lost: true },
    { status: 429, json: { message: 'Too Many Requests' } },
    { status: 503, headers: { 'Retry-After': '2' }, json: { type: 'busy', detail: 'later' } },
    { status: 201, json: ticket('a.jpg') },
  ];
  answers['POST /bucket'] = [{ status: 503, text: '<Message>SlowDown</Message>' }, { status: 204 }];
  const began = performance.now();
  await client.upload(photo());
  assert.equal(lines().filter((line) => line === 'POST /uploads').length, 4);
  assert.equal(lines().filter((line) => line === 'POST /bucket').length, 2);
  // 0.5 s, 1 s, and the 2 s that were asked for.
  assert.ok(performance.now() - began >= 3400);
});

test('what cannot succeed is not tried again, and its error says why', async () => {
  answers['POST /uploads'] = [{ status: 409, json: { type: 'path_taken', status: 409, detail: 'there is a photo' } }];
  await assert.rejects(client.upload(photo(), { path: 'a.jpg' }), { message: 'there is a photo', type: 'path_taken', status: 409 });
  answers['POST /uploads'] = [{ status: 403, json: { message: 'Forbidden' } }];
  await assert.rejects(client.upload(photo()), { message: 'Forbidden', status: 403 });
  assert.equal(requests.length, 2);
});

test('an aborted upload ends with the reason, and sends nothing more', async () => {
  const controller = new AbortController();
  answers['POST /uploads'] = () => {
    controller.abort(new Error('cancelled'));
    return { status: 503 };
  };
  await assert.rejects(client.upload(photo(), { signal: controller.signal }), { message: 'cancelled' });
  assert.equal(requests.length, 1);
});

test('tickets are asked for a hundred at a time, and each file has its own result', async () => {
  const files = Array.from({ length: 103 }, (_, i) => photo(`${i}.jpg`));
  answers['POST /uploads/batch'] = ({ body }) => ({
    json: {
      uploads: JSON.parse(body).uploads.map(({ path }) =>
        path === 'in/7.jpg'
          ? { status: 409, problem: { type: 'path_taken', status: 409, detail: 'taken' } }
          : { status: 201, ticket: ticket(path) }
      ),
    },
  });
  answers['POST /bucket'] = ({ body }) => (body.includes('in/9.jpg') ? { status: 400, text: '' } : { status: 204 });
  const done = [];
  const results = await client.uploadAll(files, { path: (file) => `in/${file.name}`, onUploaded: (one) => done.push(one) });
  const batches = requests.filter((each) => each.line === 'POST /uploads/batch');
  assert.deepEqual(batches.map((each) => JSON.parse(each.body).uploads.length), [100, 3]);
  assert.equal(lines().filter((line) => line === 'POST /bucket').length, 102);
  assert.deepEqual(results.map((each) => each.file.name), files.map((file) => file.name));
  assert.deepEqual(results.filter((each) => each.error).map((each) => [each.file.name, each.error.message]), [
    ['7.jpg', 'taken'],
    ['9.jpg', 'HTTP 400'],
  ]);
  assert.equal(done.length, 103);
});

test('all that wait share one poll, which ends with the last of them', async () => {
  let reads = 0;
  answers['POST /uploads/status'] = ({ body }) => {
    reads += 1;
    const uploads = JSON.parse(body).paths.map((path) => {
      if (path === 'bad') return { status: 422, problem: { type: 'bad_path', status: 422, detail: 'no such path' } };
      return { status: 200, photo: { path, sizes: sizes(reads > 1 ? 'ready' : 'pending'), fetch: null } };
    });
    return { json: { uploads }, headers: reads > 1 ? {} : { 'Retry-After': '1' } };
  };
  const seen = [];
  const onStatus = (status) => seen.push(status.sizes['400x300'].state);
  const [a, b, bad] = await Promise.allSettled([
    client.whenReady('a.jpg', { onStatus }),
    client.whenReady('b.jpg'),
    client.whenReady('bad'),
  ]);
  assert.equal(a.value.sizes['400x300'].state, 'ready');
  assert.equal(b.value.path, 'b.jpg');
  assert.deepEqual([bad.reason.type, bad.reason.message], ['bad_path', 'no such path']);
  assert.deepEqual(seen, ['pending', 'ready']);
  assert.deepEqual(requests.map((each) => JSON.parse(each.body).paths), [['a.jpg', 'b.jpg', 'bad'], ['a.jpg', 'b.jpg']]);
  // Another poll begins for those who come later.
  await client.whenReady('c.jpg');
  assert.equal(reads, 3);
});

test('where images are private, signed URLs are asked for', async () => {
  const signing = createClient({ api: base, token: 't', signed: 60 });
  answers['POST /uploads/status'] = [{ json: { uploads: [{ photo: { path: 'a', sizes: sizes('ready') } }] } }];
  await signing.whenReady('a');
  assert.deepEqual(JSON.parse(requests[0].body), { paths: ['a'], signed: 60 });
});

test('who no longer wants to wait is let go, and the others still wait', async () => {
  const controller = new AbortController();
  let reads = 0;
  answers['POST /uploads/status'] = ({ body }) => {
    if (++reads === 1) controller.abort(new Error('left'));
    return { json: { uploads: JSON.parse(body).paths.map((path) => ({ photo: { path, sizes: sizes('ready') } })) } };
  };
  const [left, stayed] = await Promise.allSettled([
    client.whenReady('a.jpg', { signal: controller.signal }),
    client.whenReady('a.jpg'),
  ]);
  assert.equal(left.reason.message, 'left');
  assert.equal(stayed.status, 'fulfilled');
});

test('a status that cannot be read is an error of all that wait', async () => {
  answers['POST /uploads/status'] = [{ status: 403, json: { message: 'Forbidden' } }];
  await assert.rejects(client.whenReady('a.jpg'), { message: 'Forbidden', status: 403 });
});

test('a picture offers the other formats first, and all widths', () => {
  const variant = (folder, type, pixels) => ({ url: `https://cdn.example/${folder}/a&lt;.jpg`, content_type: type, pixels });
  const status = {
    sizes: {
      small: { state: 'ready', variants: [variant('small', 'image/jpeg', '400x300'), variant('small.avif', 'image/avif', '400x300')] },
      large: { state: 'ready', variants: [variant('large', 'image/jpeg', '800x600')] },
      wide: { state: 'pending', variants: [] },
    },
  };
  assert.equal(
    pictureFor(status, { alt: 'A "sea" & <sky>', layout: '50vw' }),
    '<picture>' +
      '<source type="image/avif" srcset="https://cdn.example/small.avif/a&#38;lt;.jpg 400w" sizes="50vw">' +
      '<source type="image/jpeg" srcset="https://cdn.example/small/a&#38;lt;.jpg 400w, ' +
      'https://cdn.example/large/a&#38;lt;.jpg 800w" sizes="50vw">' +
      '<img src="https://cdn.example/large/a&#38;lt;.jpg" width="800" height="600" alt="A &#34;sea&#34; &#38; &#60;sky&#62;">' +
      '</picture>'
  );
  assert.match(pictureFor(status, { names: ['small'] }), /width="400" height="300"/);
  assert.equal(pictureFor({ sizes: sizes('pending') }), '');
});
