// The place of dead letters: by reason, with what the manual says; to replay and to purge.

import { age, announce, clear, confirm, count, h, name as bdi } from './dom.js';
import { pathOf } from './paths.js';
import { matrix, nameOf, sums } from './queues.js';
import { advice, what } from './reasons.js';
import { client, mayOperate, stage } from './stage.js';

// Photos of a reason's letters that are shown at once, the newest first; a button shows as many more.
const SHOWN = 25;
const MAX_PATHS = 100; // of one request

export function open() {
  const content = h('div', { className: 'page', 'aria-live': 'polite' });
  const again = h('button', { className: 'quiet', textContent: 'Look again', onclick: load });
  const element = h('div', { className: 'page' }, [
    h('div', { className: 'group head' }, h('header', {}, [h('h1', {}, 'Dead letters'), h('div', { className: 'actions' }, again)])),
    content,
  ]);
  let turn = 0;
  let note = '';

  async function load() {
    const mine = ++turn;
    again.disabled = true;
    const waiting = setTimeout(() => clear(content, h('p', { className: 'empty' }, 'Reading the queues; that takes some seconds …')), 150);
    try {
      const listed = await client.call('GET', '/dead-letters');
      clearTimeout(waiting);
      if (mine === turn) draw(listed);
    } catch (error) {
      clearTimeout(waiting);
      if (mine === turn) clear(content, h('p', { className: 'empty failed', role: 'alert' }, error.message));
    }
    again.disabled = false;
  }

  function draw({ queues, letters }) {
    letters.sort((a, b) => b.sent_at.localeCompare(a.sent_at));
    const reasons = [...new Set(queues.flatMap((queue) => Object.keys(queue.reasons)))].sort(
      (a, b) => total(queues, b) - total(queues, a)
    );
    const said = note && h('p', { role: 'status' }, note);
    note = '';
    clear(content, said, sums(queues), matrix(queues, reasons), reasons.length
      ? reasons.map((reason) => group(reason, queues, letters.filter((letter) => letter.reason === reason)))
      : h('p', { className: 'empty' }, 'There are no dead letters. What fails for good will be here, with its reason.'));
    announce(`${count(queues.reduce((sum, queue) => sum + queue.letters, 0), 'dead letter')}`);
  }

  function group(reason, queues, letters) {
    const all = total(queues, reason);
    const ticks = new Map();
    const list = h('ul', { className: 'letters' });
    const more = h('button', { className: 'quiet', onclick: () => show() });
    const replay = h('button', { className: 'quiet', onclick: () => act('replay') });
    const purge = h('button', { className: 'danger', onclick: () => act('purge') });
    for (const button of [replay, purge]) {
      button.disabled = !mayOperate;
      button.title = mayOperate ? '' : 'This token is for uploads.';
    }
    const photos = byPhoto(letters);
    let shown = 0;

    const chosen = () => [...ticks].filter(([, tick]) => tick.checked).flatMap(([photo]) => photo);

    function name() {
      const n = chosen().length;
      const those = n ? ` ${n.toLocaleString('en')}` : all > 1 ? ` all ${all.toLocaleString('en')}` : '';
      replay.textContent = `Replay${those}`;
      purge.textContent = `Purge${those}`;
    }

    function show() {
      const next = photos.slice(shown, shown + SHOWN);
      const rows = next.map(row);
      list.append(...rows);
      showThumbs(next.map(([letter]) => letter), rows);
      shown += SHOWN;
      more.hidden = shown >= photos.length;
      more.textContent = `Show ${Math.min(SHOWN, photos.length - shown)} more`;
    }

    function row(photo) {
      const [letter] = photo;
      const where = [...new Set(photo.map(nameOf))].join(', ');
      const tick = h('input', { type: 'checkbox', onchange: name, 'aria-label': `Select ${letter.path || 'letter'}: ${where}` });
      if (letter.path) ticks.set(photo, tick);
      else tick.disabled = true;
      return h('li', {}, [
        tick,
        h('div', { className: 'thumb' }),
        h('div', { className: 'body' }, [
          h('p', { className: 'path' }, letter.path ? h('a', { href: `#lookup?path=${encodeURIComponent(photoOf(letter))}` }, bdi(letter.path)) : 'no path'),
          h('p', { className: 'muted' }, where),
          letter.error && h('p', { className: 'error' }, letter.error),
        ]),
        h('span', { className: 'muted tabular actions' }, age(letter.failed_at || letter.sent_at)),
      ]);
    }

    async function act(verb) {
      const picked = chosen();
      const n = picked.length || all;
      const question = `${verb === 'replay' ? 'Replay' : 'Purge'} ${count(n, 'dead letter')}?`;
      const detail = verb === 'replay' ? `${advice(reason)} What fails again comes back here.` : `They${picked.length ? '' : `, all with the reason ${reason},`} and their failure records are deleted for good, on stage ${stage.stage}. The photos stay.`;
      if (!(await confirm(question, verb === 'replay' ? 'Replay' : 'Purge', detail))) return;
      replay.disabled = purge.disabled = true;
      try {
        let taken = 0;
        for (const selection of selections(reason, queues, picked)) {
          for (let complete = false; !complete; ) {
            const result = await client.call('POST', `/dead-letters/${verb}`, selection);
            taken += result.taken;
            complete = result.complete || !result.taken;
          }
        }
        note = `${verb === 'replay' ? 'Replayed' : 'Purged'} ${count(taken, 'dead letter')}.`;
      } catch (error) {
        note = error.message;
      }
      load();
    }

    name();
    show();
    return h('section', { className: 'group', 'aria-label': reason }, [
      h('header', {}, [
        h('div', {}, [
          h('h2', {}, [what(reason), h('span', { className: 'muted' }, ` ${reason}`)]),
          h('p', { className: 'muted' }, advice(reason)),
        ]),
        h('div', { className: 'actions' }, [replay, purge]),
      ]),
      list,
      h('div', { className: 'actions' }, [more, letters.length < all && h('span', { className: 'muted' }, `The first ${letters.length} of ${all} are shown.`)]),
    ]);
  }

  return { element, visit: load };
}

const total = (queues, reason) => queues.reduce((sum, queue) => sum + (queue.reasons[reason] || 0), 0);

/** Letters of one photo in queues of one kind; a letter without a path cannot be told from others. */
function byPhoto(letters) {
  const key = ({ queue, path }, i) => JSON.stringify(path ? [queue, path] : i);
  return [...Map.groupBy(letters, key).values()];
}

/** The path of a letter's photo; that of an invalidation begins with the folder of a size. */
const photoOf = (letter) => (letter.queue === 'purge' ? pathOf(`/${letter.path}`, stage) : letter.path);

/** The bodies of the requests that take these letters, or all of the reason. */
function selections(reason, queues, picked) {
  const sizes = (some) => (some[0].size === null ? {} : { sizes: some.map(({ size }) => size) });
  if (!picked.length) {
    const having = queues.filter((queue) => queue.reasons[reason]);
    return [...Map.groupBy(having, ({ queue }) => queue)].map(([queue, some]) => ({ queue, reason, ...sizes(some) }));
  }
  return [...Map.groupBy(picked, nameOf).values()].flatMap((some) => {
    const paths = [...new Set(some.map((letter) => letter.path))];
    return Array.from({ length: Math.ceil(paths.length / MAX_PATHS) }, (_, i) => ({
      queue: some[0].queue,
      reason,
      ...sizes(some.slice(0, 1)),
      paths: paths.slice(i * MAX_PATHS, (i + 1) * MAX_PATHS),
    }));
  });
}

/** Shows the photos that are ready at another size; the others have no picture. */
async function showThumbs(letters, rows) {
  const paths = [...new Set(letters.filter((letter) => letter.path).map(photoOf))];
  if (!paths.length) return;
  const { uploads } = await client.call('POST', '/uploads/status', { paths, signed: stage.signed }).catch(() => ({ uploads: [] }));
  for (const { photo } of uploads) {
    const [variant] = Object.values(photo?.sizes || {}).flatMap((size) => size.variants);
    if (!variant) continue;
    letters.forEach((letter, i) => {
      if (photoOf(letter) === photo.path) rows[i].querySelector('.thumb').append(h('img', { src: variant.url, alt: '', loading: 'lazy' }));
    });
  }
}
