// The queues in figures: sums, and a matrix of dead letters by queue and reason.

import { age, h } from './dom.js';
import { stage } from './stage.js';

// Queues of no size, and the one of a size beside that of its workers.
const NAMES = { subscription: 'from SNS', purge: 'invalidations', fetch: 'fetch jobs' };

export const nameOf = ({ queue, size }) => [size, NAMES[queue]].filter(Boolean).join(', ');

export function sums(queues) {
  // What SNS could not deliver returns to the queues of the workers.
  const own = queues.filter(({ queue }) => queue !== 'subscription');
  const sum = (some, field) => some.reduce((total, each) => total + each[field], 0).toLocaleString('en');
  const oldest = queues.map((queue) => queue.oldest).filter(Boolean).sort()[0];
  const figures = [
    [sum(queues, 'letters'), 'dead letters'],
    oldest && [age(oldest), 'oldest dead letter'],
    [sum(own, 'waiting'), 'messages waiting'],
    [sum(own, 'in_progress'), 'in progress'],
  ];
  return h('div', { className: 'sums tabular' }, [
    ...figures.filter(Boolean).map(([figure, label]) => h('p', {}, [h('strong', {}, figure), h('span', { className: 'muted' }, label)])),
    stage.dashboard && h('a', { href: stage.dashboard, target: '_blank', rel: 'noopener' }, 'Ages of messages and photos a minute, in CloudWatch'),
  ]);
}

export function matrix(all, reasons) {
  const head = ['queue', 'dead', 'oldest', 'waiting', 'in progress', ...reasons];
  const queues = all.filter(({ queue, letters, hidden }) => queue !== 'subscription' || letters || hidden);
  return h('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Queues' }, h('table', { className: 'tabular' }, [
    h('thead', {}, h('tr', {}, head.map((text, i) => h('th', { className: i ? 'number' : '', scope: 'col' }, text)))),
    h('tbody', {}, queues.map((queue) => row(queue, reasons))),
  ]));
}

function row(queue, reasons) {
  const number = (value) => h('td', { className: `number ${value ? '' : 'muted'}` }, value.toLocaleString('en'));
  return h('tr', {}, [
    h('th', { scope: 'row' }, [nameOf(queue), queue.hidden > 0 && h('span', { className: 'muted' }, ` ${queue.hidden} being read`)]),
    h('td', { className: `number ${queue.letters ? 'failed' : 'muted'}` }, `${queue.complete ? '' : 'about '}${queue.letters.toLocaleString('en')}`),
    h('td', { className: 'number' }, queue.oldest ? age(queue.oldest) : ''),
    number(queue.waiting),
    number(queue.in_progress),
    ...reasons.map((reason) => number(queue.reasons[reason] || 0)),
  ]);
}
