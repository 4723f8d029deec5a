import assert from 'node:assert/strict';
import test from 'node:test';
import { placeNear } from '../src/topology/place.js';
import { buildScene } from '../src/topology/scene.js';
import { serviceState } from '../src/topology/states.js';
import { defaultView, maxDrawnNodes } from '../src/topology/view.js';
import { busy, call, mesh, node } from './meshes.js';

const none = new Map();
const chain = mesh([node('a'), node('b'), node('c'), node('d')], [call('a', 'b'), call('b', 'c'), call('c', 'd'), call('external', 'a')]);

test('a focus shows what is so many calls away, in both directions', () => {
  const shown = (hops: number): string[] => buildScene(chain, none, { ...defaultView, focus: 'b', hops }).nodes.map(n => n.title).sort();

  assert.deepEqual(shown(1), ['a', 'b', 'c', 'external']);
  assert.deepEqual(shown(2), ['a', 'b', 'c', 'd', 'external']);
});

test('a caller that the registry does not hold is drawn as one', () => {
  const scene = buildScene(chain, none, defaultView);

  assert.equal(scene.nodes.find(n => n.title === 'external')?.kind, 'external');
  assert.equal(scene.edges.length, 4);
});

test('only trouble: what is not healthy, drains, or fails, but not what has been taken out on purpose', () => {
  const state = mesh([node('fine'), node('out', { drained: 1 }), node('serviced', { inMaintenance: 1 }), node('ill', { health: 'degraded' }), node('leaving', { draining: 1 }), node('failing')], [], { traffic: [['failing', busy]] });

  const scene = buildScene(state, none, { ...defaultView, filter: 'trouble' });

  assert.deepEqual(scene.nodes.map(n => n.title), ['ill', 'leaving', 'failing']);
});

test('the worst state wins', () => {
  assert.equal(serviceState(node('a', { panic: true, health: 'unhealthy' })), 'panic');
  assert.equal(serviceState(node('a', { health: 'degraded', draining: 1 })), 'degraded');
  assert.equal(serviceState(node('a', { draining: 1, inMaintenance: 1 })), 'draining');
  assert.equal(serviceState(node('a', { drained: 2, inMaintenance: 1 })), 'maintenance');
  assert.equal(serviceState(node('a', { drained: 2 })), 'drained');
  assert.equal(serviceState(node('a', { health: 'degraded', drained: 2 })), 'degraded');
  assert.equal(serviceState(node('a', { health: 'empty' })), 'unknown');
});

test('however large the mesh, at most 500 marks are drawn', () => {
  for (const namespaces of [1, 7, 900]) {
    const nodes = Array.from({ length: 1800 }, (_, i) => node(`s${i}-x.n${i % namespaces}`));
    const edges = nodes.slice(1).map((n, i) => call(nodes[i]!.service, n.service));
    for (const grouping of ['none', 'namespace', 'zone'] as const) {
      const scene = buildScene(mesh(nodes, edges), none, { ...defaultView, grouping });

      assert(scene.grouped);
      assert(scene.nodes.length <= maxDrawnNodes, `${scene.nodes.length} marks`);
      const ids = new Set(scene.nodes.map(n => n.id));
      assert(scene.edges.every(edge => ids.has(edge.source) && ids.has(edge.target)));
    }
  }
});

test('beyond the limit a search brings the matches back one by one', () => {
  const state = mesh(Array.from({ length: 1000 }, (_, i) => node(`s${i}.n${i % 3}`)));

  const scene = buildScene(state, none, { ...defaultView, search: 's99' });

  assert.equal(scene.grouped, false);
  assert.equal(scene.shown, 11);
});

test('a ghost is drawn until its service is back', () => {
  const ghosts = [{ name: 'gone', leftAt: 1 }, { name: 'a', leftAt: 1 }];

  const scene = buildScene(mesh([node('a')], [], { ghosts }), none, defaultView);

  assert.deepEqual(scene.nodes.map(n => [n.title, n.kind]), [['a', 'service'], ['gone', 'ghost']]);
});

test('the zone board has a service once for each zone', () => {
  const zones = [{ zone: 'a', total: 2, serving: 1 }, { zone: 'b', total: 1, serving: 1 }];

  const marks = buildScene(mesh([node('cart', { zones })]), none, { ...defaultView, grouping: 'zone' }).nodes.filter(n => n.kind === 'service');

  assert.deepEqual(marks.map(mark => mark.kind === 'service' && [mark.zone, mark.center]), [['a', '1/2'], ['b', '1/1']]);
});

test('a newcomer is placed beside its neighbours, on nobody, and always at the same place', () => {
  const taken = Array.from({ length: 60 }, (_, i) => ({ x: i % 8 * 110, y: Math.floor(i / 8) * 110 }));
  const near = [taken[9]!, taken[10]!];

  const place = placeNear(near, taken);

  assert.deepEqual(placeNear(near, taken), place);
  assert(taken.every(other => Math.hypot(other.x - place.x, other.y - place.y) >= 110));
});
