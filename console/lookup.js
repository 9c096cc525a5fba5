// The place to look up: all that is known of one photo, by its path or a URL of the stage.

import { age, bytes, clear, confirm, count, duration, format, h, name as bdi, times } from './dom.js';
import { askedFacts, deliver, facts, isCurrent, originalFacts, sizeFacts, stateOf, when } from './known.js';
import { pathOf } from './paths.js';
import { advice, what } from './reasons.js';
import { client, mayOperate, stage } from './stage.js';

// Workers look at a recheck within seconds, unless their queue is long.
const RECHECK_SECONDS = 20;

export function open() {
  const input = h('input', { id: 'path', type: 'search', placeholder: '2026/sea.jpg, or the URL of a variant', autocomplete: 'off', spellcheck: false, required: true, dir: 'auto' });
  const found = h('section', { className: 'page', 'aria-live': 'polite', 'aria-label': 'Photo' });
  const element = h('div', { className: 'page' }, [
    h('h1', {}, 'Look up a photo'),
    h('form', { className: 'search', role: 'search', onsubmit: submit }, [
      h('label', { for: 'path', className: 'hidden' }, 'Path or URL'),
      input,
      h('button', { className: 'primary' }, 'Look up'),
    ]),
    found,
  ]);
  let asked = 0;

  function submit(event) {
    event.preventDefault();
    const path = pathOf(input.value, stage);
    input.value = path;
    history.replaceState(null, '', `#lookup?path=${encodeURIComponent(path)}`);
    show(path);
  }

  const read = (path) => client.call('GET', `/uploads?path=${encodeURIComponent(path)}${stage.signed ? `&signed=${stage.signed}` : ''}`);

  async function show(path, note) {
    const turn = ++asked;
    const waiting = setTimeout(() => say('Asking the API for its status …'), 150);
    try {
      const status = await read(path);
      clearTimeout(waiting);
      if (turn === asked) await draw(status, turn, note);
    } catch (error) {
      if (turn === asked) warn(error.message);
    } finally {
      clearTimeout(waiting);
    }
  }

  const say = (...text) => clear(found, h('p', { className: 'empty', role: 'status' }, text));
  const warn = (text) => clear(found, h('p', { className: 'empty failed', role: 'alert' }, text));

  async function draw(status, turn, note) {
    if (!status.original && !status.fetch) return say('There is no photo at ', h('strong', {}, bdi(status.path)), '.');
    // Without an original, sizes have the state of the fetch job.
    const sizes = status.original ? Object.entries(status.sizes) : [];
    const delivered = new Map(await Promise.all(sizes.map(async ([name, size]) => [name, await deliver(size)])));
    if (turn !== asked) return null;
    const pixels = [...delivered.values()].find((each) => each?.pixels)?.pixels;
    return clear(
      found,
      h('header', { className: 'known' }, [
        h('h2', {}, bdi(status.path)),
        h('div', { className: 'actions' }, actions(status)),
      ]),
      note && h('p', { role: 'status' }, note),
      h('div', { className: 'facts-of' }, [
        facts('Original', originalFacts(status, pixels)),
        status.original && facts('Sizes', sizeFacts(status)),
        facts('Asked for', askedFacts(status, replayButton('Fetch again', { queue: 'fetch', paths: [status.path] }))),
      ]),
      h('div', { className: 'cards' }, sizes.map(([name, size]) => card(status, name, size, delivered.get(name))))
    );
  }

  function actions(status) {
    // Those that failed would fail again: their dead letters are replayed.
    const names = Object.keys(status.sizes).filter((name) => status.sizes[name].state !== 'failed');
    const again = h('button', { className: 'quiet', textContent: 'Render again', onclick: () => recheck(status, names) });
    again.disabled = !mayOperate || !status.original || !names.length;
    again.title = mayOperate ? 'Workers render what is missing or stale, and leave what is current or has failed.' : 'This token is for uploads.';
    return [
      h('button', { className: 'quiet', textContent: 'Look again', onclick: () => show(status.path) }),
      again,
      h('button', { className: 'danger', textContent: 'Delete photo', onclick: () => remove(status.path) }),
    ];
  }

  function card({ path }, name, size, delivered) {
    const [variant] = size.variants;
    const state = stateOf(size, delivered);
    const shown = variant ? h('img', { src: delivered?.url || variant.url, alt: `${path} at ${name}` }) : h('span', { className: size.state === 'failed' ? 'failed' : 'muted' }, size.state === 'failed' ? what(size.reason) : 'not rendered yet');
    const others = size.variants.slice(1).map((each) => h('p', { className: 'muted' }, [h('a', { href: each.url, target: '_blank', rel: 'noopener' }, format(each.content_type)), ` ${bytes(each.bytes)}`]));
    return h('article', { className: 'card' }, [
      h('div', { className: size.state === 'failed' ? 'shown failed' : 'shown' }, shown),
      h('div', { className: 'text tabular' }, [
        h('strong', {}, name),
        h('span', { className: state.kind }, state.text),
        variant && h('span', { className: 'muted' }, [times(variant.pixels), bytes(delivered?.bytes ?? variant.bytes), format(delivered?.type || variant.content_type), delivered?.took && duration(delivered.took)].filter(Boolean).join(' · ')),
        variant && h('span', { className: 'muted', title: when.format(new Date(variant.modified)) }, `rendered ${age(variant.modified)}`),
        variant && h('a', { href: variant.url, target: '_blank', rel: 'noopener' }, 'its address'),
        ...others,
        ...(size.state === 'failed' ? failure(path, name, size) : []),
      ]),
      delivered?.headers && h('details', {}, [h('summary', {}, 'Headers as delivered'), h('dl', { className: 'facts' }, delivered.headers.flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, value)]))]),
    ]);
  }

  function failure(path, name, size) {
    return [
      size.stale && h('span', {}, 'Pages still show the variant of an older original.'),
      h('span', {}, advice(size.reason)),
      h('span', { className: 'muted' }, size.error || ''),
      replayButton('Replay', { queue: 'dlq', sizes: [name], paths: [path] }),
    ];
  }

  /** A button that returns a photo's dead letter to its queue; none for whom the API would refuse it. */
  const replayButton = (text, selection) =>
    mayOperate && h('span', {}, h('button', { className: 'link', textContent: text, onclick: (event) => replay(event.target, selection) }));

  async function replay(button, selection) {
    button.disabled = true;
    try {
      const { taken } = await client.call('POST', '/dead-letters/replay', selection);
      button.replaceWith(taken ? 'Replayed. Look again in a moment.' : 'Its dead letter is not in the queue.');
    } catch (error) {
      button.replaceWith(error.message);
    }
  }

  /** Has workers look at the photo at these sizes, and waits for what they render. */
  async function recheck({ path, sizes }, names) {
    const needed = names.filter((name) => !isCurrent(sizes[name]));
    const turn = ++asked;
    say(needed.length ? `Rendering ${needed.join(', ')} again …` : 'Workers look at it …');
    try {
      await client.call('POST', '/rechecks', { path, sizes: names });
      const until = Date.now() + RECHECK_SECONDS * 1000;
      const isOpen = (size) => size.state !== 'failed' && !isCurrent(size);
      let known = sizes;
      while (needed.some((name) => isOpen(known[name]))) {
        if (Date.now() > until) return show(path, 'The queue is long. Look again later.');
        await new Promise((resolve) => setTimeout(resolve, 1000));
        if (turn !== asked) return null;
        known = { ...known, ...(await read(path)).sizes };
      }
      const done = needed.filter((name) => isCurrent(known[name]));
      if (needed.length && !done.length) return show(path, 'Nothing could be rendered.');
      return show(path, needed.length ? `Rendered again: ${done.join(', ')}.` : 'Every size was current: there was nothing to render.');
    } catch (error) {
      return turn === asked ? warn(error.message) : null;
    }
  }

  async function remove(path) {
    const detail = `${path} is deleted at every size, on stage ${stage.stage}. Browsers may keep their copies for a while.`;
    if (!(await confirm('Delete this photo?', 'Delete photo', detail))) return;
    try {
      await client.call('DELETE', `/uploads?path=${encodeURIComponent(path)}`);
      say('Deleted ', h('strong', {}, bdi(path)), `, and ${count(stage.sizes.length, 'size')} with it in a few seconds.`);
    } catch (error) {
      warn(error.message);
    }
  }

  return {
    element,
    visit: (query) => {
      const path = query.get('path');
      if (path && path !== input.value) {
        input.value = path;
        show(path);
      } else if (!path) input.focus();
    },
  };
}
