import assert from 'node:assert/strict';
import test from 'node:test';
import type { ServiceFrame } from '../src/frames.js';
import type { Mark } from '../src/frames.js';
import { gathered, weightOf } from '../src/charts/markShapes.js';
import { markWords, wordsOf } from '../src/charts/markWords.js';
import { backoff } from '../src/live/backoff.js';
import { ServiceState } from '../src/live/serviceState.js';
import { idle, TopologyState } from '../src/live/topologyState.js';
import { nodeFacts } from '../src/topology/marks.js';
import { busy, call, frame, mesh, node } from './meshes.js';

test('a delta that follows changes what it names and nothing else', () => {
  const state = mesh([node('cart'), node('orders')], [call('orders', 'cart')]);

  assert(state.apply(frame(1, { nodes: [node('cart', { eligible: 1 })], traffic: [['cart', busy]] })));

  assert.equal(state.nodes.get('cart')?.eligible, 1);
  assert.equal(state.nodes.get('orders')?.eligible, 2);
  assert.equal(state.trafficOf('cart').rps, 10);
  assert.equal(state.edges.size, 1);
});

test('a removed service takes its traffic along', () => {
  const state = mesh([node('cart')], [], { traffic: [['cart', busy]] });

  state.apply(frame(1, { removed: ['cart'], ghosts: [{ name: 'cart', leftAt: 5 }] }));

  assert.equal(state.nodes.size, 0);
  assert.deepEqual(state.trafficOf('cart'), idle);
  assert.equal(state.ghosts[0]?.name, 'cart');
});

test('a gap in the sequence is refused and leaves the state as it was, until a full frame comes', () => {
  const state = mesh([node('cart')]);

  assert.equal(state.apply(frame(2, { removed: ['cart'] })), false);
  assert.equal(state.nodes.size, 1);

  assert(state.apply(frame(7, { kind: 'full', nodes: [node('orders')] })));
  assert(state.apply(frame(8)));
  assert.deepEqual([...state.nodes.keys()], ['orders']);
});

test('a delta before the first full frame, and one of another generation, are refused', () => {
  assert.equal(new TopologyState().apply(frame(0)), false);
  assert.equal(mesh([node('cart')]).apply(frame(1, { generation: 'other' })), false);
});

test('an instance that is not named in a traffic frame did what it did before', () => {
  const state = new ServiceState('cart');
  const instance = { id: 'a', address: '', port: 1, node: '', zone: '', version: '', weight: 1, intent: 'active', health: 'healthy', serving: true, until: null } as const;
  const base: ServiceFrame = {
    kind: 'full', sequence: 0, revision: 0, generation: 'g', at: 0, staleSince: null, service: 'cart', exists: true, instances: [instance], removed: [],
    traffic: [['a', busy]], samples: [], marks: [], ghosts: null, history: [['a', [1, 2]]],
  };
  state.apply(base);

  const quiet = { ...base, kind: 'traffic', instances: [], traffic: [], history: [] } as const;
  assert(state.apply({ ...quiet, sequence: 1, samples: [{ at: 1000, rps: 10, errorRate: null, p50: null, p95: null, p99: null }] }));
  assert(state.apply({ ...quiet, sequence: 2, samples: [{ at: 1000, rps: 10, errorRate: null, p50: null, p95: null, p99: null }] }));

  assert.deepEqual(state.history.get('a'), [1, 2, 10, 10]);
  assert.equal(state.samples.length, 1, 'a second that is told twice counts once');
});

test('reconnecting never gives up, never waits longer than 8 s, and is spread', () => {
  for (let attempt = 0; attempt < 100; attempt++) {
    assert(backoff(attempt, () => 0) >= 125);
    assert(backoff(attempt, () => 1) <= 8000);
    assert(backoff(attempt, () => 0) < backoff(attempt, () => 1));
  }
});

test('a maintenance that ends by itself is among the facts of its service, with the exact time', () => {
  const at = Date.UTC(2026, 10, 23, 14, 5);
  const facts = (backAt: number | null, sinceThen = 0): ReturnType<typeof nodeFacts> => {
    const state = mesh([node('cart', { inMaintenance: 1, backAt })]);
    return nodeFacts({ id: 's:cart', kind: 'service', parent: null, title: 'cart', node: state.nodes.get('cart')!, traffic: idle } as unknown as Parameters<typeof nodeFacts>[0], at - 2 * 3_600_000 + sinceThen);
  };

  const back = facts(at).find(([label]) => label === 'Back in rotation');
  assert(/^in 2 h, at .*, unless renewed$/.test(back?.[1] ?? ''));
  assert.equal(back?.[2], '2026-11-23 14:05:00.000 UTC');
  assert(/^in 1 h 59 min, at /.test(facts(at, 1000).find(([label]) => label === 'Back in rotation')?.[1] ?? ''));
  assert.equal(facts(null).some(([label]) => label === 'Back in rotation'), false);
});

test('a plan is marked by its course, and a change by what it did', () => {
  const mark = (action: string, target: string, kind: Mark['kind'] = 'act'): Mark => ({ revision: 1, at: 0, action, target, actor: 'operations', kind });

  assert.equal(markWords(mark('plan.pause', 'plan:12')), 'plan 12 paused by operations');
  assert.equal(markWords(mark('plan.start', 'zone:zone-a')), 'plan for zone:zone-a started by operations');
  assert.equal(markWords(mark('instance.drain', 'cart/cart-2')), 'cart/cart-2 drained by operations');
  assert.equal(markWords(mark('node.drain', 'node:n1')), 'host n1 drained by operations');
  assert.equal(markWords(mark('instance.health', 'cart/cart-2', 'lost')), 'cart/cart-2 unhealthy');
  assert.equal(markWords({ ...mark('alert', 'instanceUnhealthy:cart/cart-2', 'alert'), summary: 'cart-2 of cart is unhealthy' }), 'alert: cart-2 of cart is unhealthy');
});

test('marks that would stand on one another are one, of the kind that must not be overlooked, and the words begin with it', () => {
  const mark = (at: number, kind: Mark['kind']): Mark => ({ revision: at, at, action: kind === 'act' ? 'instance.drain' : 'instance.health', target: `cart/cart-${at}`, actor: 'ada', kind });
  const marks = [mark(10, 'act'), mark(1, 'joined'), mark(3, 'lost'), mark(4, 'act'), mark(40, 'recovered')];

  assert.deepEqual(gathered(marks, one => one.at), [{ kind: 'lost', x: 1, count: 3 }, { kind: 'act', x: 10, count: 1 }, { kind: 'recovered', x: 40, count: 1 }]);
  assert.deepEqual(wordsOf([...marks, mark(41, 'joined'), mark(42, 'joined')], weightOf).slice(-2), ['cart/cart-40 healthy again', '3 more']);
  assert.equal(wordsOf(marks, weightOf)[0], 'cart/cart-3 unhealthy');
});
