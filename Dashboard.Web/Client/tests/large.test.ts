import assert from 'node:assert/strict';
import test from 'node:test';
import type { ServiceNode } from '../src/frames.js';
import { layOutColumns } from '../src/topology/columns.js';
import { thinned } from '../src/topology/edges.js';
import { isDense, layOutGrid } from '../src/topology/grid.js';
import { buildScene, type SceneEdge } from '../src/topology/scene.js';
import { troubles } from '../src/topology/trouble.js';
import { defaultView, maxDrawnNodes } from '../src/topology/view.js';
import { distances } from '../src/topology/visible.js';
import { busy, call, mesh, node } from './meshes.js';

const none = new Map();

/** 1,000 services in 20 namespaces; each calls the next two of its namespace and one of the next namespace. */
function large(change: (node: ServiceNode) => Partial<ServiceNode> = () => ({})): ReturnType<typeof mesh> {
  const name = (space: number, index: number): string => `s${index % 50}.n${space % 20}`;
  const nodes = Array.from({ length: 1000 }, (_, i) => node(name(Math.floor(i / 50), i)));
  const edges = Array.from({ length: 1000 }, (_, i) => {
    const [space, index] = [Math.floor(i / 50), i % 50];
    return [call(name(space, index), name(space, index + 1)), call(name(space, index), name(space, index + 2)), call(name(space, index), name(space + 1, index))];
  }).flat();
  return mesh(nodes.map(n => ({ ...n, ...change(n) })), edges);
}

test('a large mesh is drawn as its namespaces, with what they add up to and how many are in trouble', () => {
  const scene = buildScene(large(n => n.service === 's7.n3' ? { health: 'unhealthy', eligible: 0 } : {}), none, defaultView);

  assert(scene.grouped);
  assert.equal(scene.nodes.length, 20);
  const ill = scene.nodes.find(n => n.title === 'n3');
  assert(ill?.kind === 'group' && ill.state === 'unhealthy' && ill.troubled === 1 && ill.services === 50);
  assert.deepEqual(ill.opens, { kind: 'group', name: 'n3', grouping: 'namespace' });
  assert.equal(scene.edges.find(e => e.id === 'e:n:n0>n:n1')?.edge.rps, 50);
});

test('an open group shows its services, boxed, and around it the groups that it talks with', () => {
  const scene = buildScene(large(), none, { ...defaultView, grouping: 'namespace', inside: 'n3' });

  assert.equal(scene.nodes.filter(n => n.kind === 'service').length, 50);
  assert.deepEqual(scene.nodes.filter(n => n.kind === 'group').map(n => n.title).sort(), ['n2', 'n4']);
  assert.equal(scene.nodes.find(n => n.kind === 'box')?.title, 'n3');
  assert([...scene.edges, ...scene.quiet].every(edge => edge.source.startsWith('s:') || edge.target.startsWith('s:')), 'no calls among the groups around');
});

test('each grouping has groups that can be opened', () => {
  const state = large(n => ({ neighbourhood: n.service.startsWith('s1') ? 's1.n0' : 's2.n0', zones: [{ zone: `zone-${n.service.length}`, total: 2, serving: 2 }] }));
  for (const grouping of ['namespace', 'prefix', 'neighbourhood', 'zone'] as const) {
    const group = buildScene(state, none, { ...defaultView, grouping }).nodes.find(n => n.opens.kind === 'group');
    assert(group && group.opens.kind === 'group', grouping);

    const inside = buildScene(state, none, { ...defaultView, grouping: group.opens.grouping, inside: group.opens.name });
    assert(inside.shown > 0 && inside.shown <= 1000, grouping);
    assert(inside.nodes.length <= maxDrawnNodes, grouping);
  }
});

test('a focus on a service of a large mesh has a column for each call away, callers on the left', () => {
  const state = large();
  const scene = buildScene(state, none, { ...defaultView, focus: 's7.n3', hops: 2 });

  assert.equal(scene.columns?.get('s:s7.n3'), 0);
  assert.equal(scene.columns?.get('s:s8.n3'), 1);
  assert.equal(scene.columns?.get('s:s6.n3'), -1);
  assert.equal(scene.columns?.get('s:s9.n4'), 2);
  assert.equal(scene.shown, distances(state, 's7.n3', 2).size);
});

test('a focus that reaches more than can be drawn keeps the nearest and groups the rest', () => {
  const nodes = Array.from({ length: 900 }, (_, i) => node(`s${i}.n${i % 9}`));
  const edges = nodes.slice(1).map((n, i) => call(i < 300 ? 's0.n0' : nodes[i - 299]!.service, n.service));
  const scene = buildScene(mesh(nodes, edges), none, { ...defaultView, focus: 's0.n0', hops: 3 });

  assert(scene.nodes.length <= maxDrawnNodes, `${scene.nodes.length} marks`);
  assert.equal(scene.shown, 900);
  assert(edges.slice(0, 300).every(edge => scene.nodes.some(n => n.id === `s:${edge.target}`)), 'whom it calls itself');
  assert(scene.nodes.some(n => n.kind === 'group'));
});

test('a search that finds no service leaves the mesh where it is', () => {
  const scene = buildScene(large(), none, { ...defaultView, search: 'an-instance-17' });

  assert(scene.missed);
  assert.equal(scene.nodes.length, 20);
});

test('however many callers are outside, they take little room', () => {
  const state = mesh([node('cart')], Array.from({ length: 700 }, (_, i) => call(`outside-${i}`, 'cart')));
  const scene = buildScene(state, none, defaultView);

  assert.equal(scene.nodes.length, 2);
  assert.equal(scene.edges[0]?.edge.rps, 700);
});

test('of too many calls the strongest and those that fail stay, and what is drawn gives way only to what is clearly stronger', () => {
  const edge = (i: number, rps: number, errorRate = 0): SceneEdge => ({ id: `e${i}`, source: `n${i % 10}`, target: `n${Math.floor(i / 10)}`, edge: call('a', 'b', { rps, errorRate }), idle: false });
  const edges = Array.from({ length: 100 }, (_, i) => edge(i, 100 + i * 7 % 50, i === 42 ? 0.2 : 0));
  const first = thinned(edges, 10, new Set());

  assert.equal(first.edges.length + first.quiet.length, 100);
  assert(first.edges.length < 60);
  assert(first.edges.some(e => e.id === 'e42'));
  const drawn = new Set(first.edges.map(e => e.id));
  const swaying = thinned(edges.map((e, i) => edge(i, e.edge.rps * (i % 2 === 0 ? 1.2 : 0.85), e.edge.errorRate ?? 0)), 10, drawn);
  assert.deepEqual(new Set(swaying.edges.map(e => e.id)), drawn);
});

test('the worst is first among the troubles: panic, then what fails its callers, then what is merely draining', () => {
  const state = mesh(
    [node('fine'), node('leaving', { draining: 1 }), node('failing'), node('lost', { panic: true, eligible: 0 }), node('half', { health: 'degraded', eligible: 1 })], [],
    { traffic: [['failing', { ...busy, errorRate: 0.3 }]] });

  assert.deepEqual(troubles(state).map(t => t.service), ['lost', 'failing', 'half', 'leaving']);
});

test('a dense graph stands in rows: nobody on anybody, the same every time, in the shape of the canvas', () => {
  const nodes = Array.from({ length: 200 }, (_, i) => ({ id: `m${i}`, parent: null, width: 1, height: 1 }));
  const edges = nodes.flatMap((n, i) => [1, 7].map(step => ({ source: n.id, target: nodes[(i + step) % 200]!.id })));
  const request = { nodes, edges, tall: false, aspect: 1.5 };
  assert(isDense(nodes, edges));

  const places = layOutGrid(request);

  assert.deepEqual(layOutGrid(request), places);
  assert.equal(new Set(places.map(([, x, y]) => `${x} ${y}`)).size, 200);
  for (const [index, [, x, y]] of places.entries()) for (const [, otherX, otherY] of places.slice(index + 1)) assert(Math.abs(x - otherX) >= 100 || Math.abs(y - otherY) >= 100);
  const side = (values: number[]): number => Math.max(...values) - Math.min(...values);
  const shape = side(places.map(p => p[1])) / side(places.map(p => p[2]));
  assert(shape > 1.2 && shape < 1.9, `${shape}`);
  // Those that talk stand nearer than by chance.
  const at = new Map(places.map(([id, x, y]) => [id, { x, y }]));
  const mean = (pairs: readonly { source: string; target: string }[]): number => pairs.reduce((sum, e) => sum + Math.hypot(at.get(e.source)!.x - at.get(e.target)!.x, at.get(e.source)!.y - at.get(e.target)!.y), 0) / pairs.length;
  assert(mean(edges) < 0.6 * mean(nodes.map((n, i) => ({ source: n.id, target: nodes[(i * 83 + 41) % 200]!.id }))));
});

test('columns around a focus: nobody on anybody, and folded where they are long', () => {
  const nodes = Array.from({ length: 120 }, (_, i) => ({ id: `m${i}`, parent: null, width: 1, height: 1 }));
  const columns = nodes.map((n, i) => [n.id, i === 0 ? 0 : i < 30 ? -1 : i < 60 ? 1 : 2] as const);
  const places = layOutColumns({ nodes, edges: nodes.slice(1).map(n => ({ source: 'm0', target: n.id })), tall: false, aspect: 1.5, columns });

  assert.equal(places.length, 120);
  assert.equal(new Set(places.map(([, x, y]) => `${x} ${y}`)).size, 120);
  const x = new Map(places.map(([id, at]) => [id, at]));
  assert(columns.every(([id, column]) => Math.sign(x.get(id)!) === Math.sign(column)));
  assert(Math.min(...[...x].filter(([id]) => Number(id.slice(1)) >= 60).map(([, at]) => at)) > Math.max(...[...x].filter(([id]) => Number(id.slice(1)) < 60).map(([, at]) => at)));
});
