import assert from 'node:assert/strict';
import test from 'node:test';
import { boardColumns } from '../src/topology/board.js';
import { nearest, placeLabels, silentCalls, type LabelMark } from '../src/topology/labelPlaces.js';
import { raised } from '../src/topology/layout.js';
import { seeded } from '../src/topology/seeded.js';

const widthOf = (text: string, font: number): number => text.length * font * 0.5;
const mark = (id: string, x: number, y: number, more: Partial<LabelMark> = {}): LabelMark => ({ id, x, y, reach: 17, font: 12, gap: 2, lines: [id, '10/s'], rank: 1, ...more });

test('with room for all every label is drawn whole, below its mark', () => {
  const places = placeLabels([mark('a', 50, 50), mark('b', 150, 50)], widthOf);

  assert.deepEqual([...places.values()].map(({ lines, above }) => [lines, above]), [[2, false], [2, false]]);
});

test('where two names meet the more important has the room, and the other what is left: fewer lines, above its mark, or nothing until it is chosen', () => {
  // Under the first two lines fit to the second's mark, under the third there is another mark, and over it, too.
  const places = placeLabels([
    mark('important', 100, 100, { rank: 5 }), mark('long-neighbour', 150, 100),
    mark('squeezed', 300, 100), mark('under', 300, 140, { lines: [] }), mark('over', 300, 60, { lines: [] }),
  ], widthOf);

  assert.deepEqual([places.get('important')?.lines, places.get('important')?.above], [2, false]);
  assert.deepEqual([places.get('long-neighbour')?.lines, places.get('long-neighbour')?.above], [1, true]);
  assert.equal(places.get('squeezed')?.lines, 0);
});

test('whatever stands where, no label covers another or a mark, and the most important is always named', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seeded(seed);
    const marks = Array.from({ length: 40 }, (_, i) => mark('x'.repeat(2 + Math.floor(random() * 12)) + i, 20 + random() * 350, 20 + random() * 470, { rank: i === 7 ? 9 : random() }))
      .filter((one, i, all) => all.slice(0, i).every(other => Math.hypot(one.x - other.x, one.y - other.y) > 36 || i === 7));
    const places = placeLabels(marks, widthOf);
    const boxes = marks.flatMap(one => {
      const place = places.get(one.id)!;
      const half = Math.max(0, ...one.lines.slice(0, place.lines).map(line => widthOf(line, 12))) / 2;
      const height = place.lines * 12;
      const y = place.above ? one.y - 19 - height : one.y + 19;
      return place.lines === 0 ? [] : [{ id: one.id, x1: one.x - half, x2: one.x + half, y1: y, y2: y + height }];
    });
    const meets = (a: { x1: number; x2: number; y1: number; y2: number }, b: typeof a): boolean => a.x1 < b.x2 - 2 && b.x1 < a.x2 - 2 && a.y1 < b.y2 - 2 && b.y1 < a.y2 - 2;
    for (const [i, box] of boxes.entries()) {
      assert(boxes.slice(i + 1).every(other => !meets(box, other)), `labels of seed ${seed}`);
      assert(marks.every(other => other.id === box.id || !meets(box, { x1: other.x - 17, x2: other.x + 17, y1: other.y - 17, y2: other.y + 17 })), `marks of seed ${seed}`);
    }
    assert(boxes.length > marks.length / 3, `${boxes.length} of ${marks.length} are named`);
  }
});

test('a call is silent where it would cover a mark, a name or a call that matters more', () => {
  const marks = [mark('a', 50, 50), mark('b', 250, 50)];
  const call = (id: string, x: number, y: number, rank: number): Parameters<typeof silentCalls>[0][number] => ({ id, x, y, rank, width: 60, height: 14 });

  const silent = silentCalls([call('fails', 150, 50, 20), call('beside', 155, 54, 3), call('free', 150, 90, 1), call('over-a', 60, 50, 30), call('over-name', 50, 75, 30)], marks, placeLabels(marks, widthOf));

  assert.deepEqual([...silent].sort(), ['beside', 'over-a', 'over-name']);
});

test('a mark knows how far its nearest neighbour is', () => {
  assert.deepEqual([...nearest([{ id: 'a', x: 0, y: 0 }, { id: 'b', x: 3, y: 4 }, { id: 'c', x: 30, y: 40 }])], [['a', 5], ['b', 5], ['c', 45]]);
  assert.deepEqual([...nearest([{ id: 'alone', x: 0, y: 0 }])], [['alone', Infinity]]);
});

test('boards under one another fill an upright canvas', () => {
  assert.equal(boardColumns(18, 1), 3);
  // Three boards of 18: with six beside one another nothing is a thin column.
  const columns = boardColumns(18, 3);
  assert(columns >= 5 && columns <= 9, `${columns}`);
  assert.equal(boardColumns(1, 3), 1);
  assert.equal(boardColumns(0, 0), 1);
});

test('an upright canvas is filled from top to bottom, and order stays', () => {
  const flat = [['a', 0, 0], ['b', 700, 100], ['c', 300, 200]] as const;
  const tall = raised(flat, 0.7);

  assert.deepEqual(tall.map(([, x]) => x), [0, 700, 300]);
  assert(tall[2]![2] > 400 && tall[1]![2] < tall[2]![2]);
  assert.deepEqual(raised(tall.map(([id, x, y]) => [id, x, y * 9] as const), 0.7), tall.map(([id, x, y]) => [id, x, y * 9]), 'what is high enough stays');
});
