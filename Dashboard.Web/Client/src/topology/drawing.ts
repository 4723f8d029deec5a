import type { Core, ElementDefinition } from 'cytoscape';
import { edgeLabel, isUrgent, type Crowd, type Marks, type MarkData } from './marks.js';
import type { Scene, SceneEdge, SceneNode } from './scene.js';
import type { Point } from './positions.js';

const many = 120;
const smallestLabel = 6;
const manyCalls = 40;
const few = 12;

/** Brings the canvas' elements in line with a scene. Only what differs from the scene before is looked at, and only what looks different is touched. */
export class Drawing {
  #nodes = new Map<string, SceneNode>();
  #edges = new Map<string, SceneEdge>();
  #crowd: Crowd = { crowded: false, dense: false, loud: false, focus: null };
  #stale = false;
  #owed = false;

  constructor(readonly cy: Core, readonly positionOf: (id: string) => Point | undefined) {}

  /** Labels are large enough again that were too small to be kept up to date. */
  get owesLabels(): boolean { return this.#owed && this.#readable; }

  labelOf(id: string): string { const edge = this.#edges.get(id)?.edge; return edge ? edgeLabel(edge) : ''; }

  node(id: string): SceneNode | undefined { return this.#nodes.get(id); }
  edge(id: string): SceneEdge | undefined { return this.#edges.get(id); }

  /** Everything is drawn anew at the next scene. */
  clear(): void {
    this.cy.elements().remove();
    this.#nodes.clear();
    this.#edges.clear();
  }

  /** Everything looks different, as after another theme. */
  forgetLooks(): void { this.#stale = true; }

  // A mark's plain label, as large as the style sheet lets it still be drawn.
  get #readable(): boolean { return this.cy.zoom() * 13 >= smallestLabel; }

  /** @returns True when something was added. */
  draw(scene: Scene, marks: Marks, now: number, chosen: string | null, focus: string | null): boolean {
    const { cy } = this;
    const crowded = scene.nodes.length > many;
    const urgent = crowded ? scene.nodes.filter(node => node.kind === 'service' && isUrgent(node.state)).length : 0;
    const crowd: Crowd = { crowded, dense: scene.edges.length > manyCalls, loud: urgent > 0 && urgent <= few, focus };
    const nodes = new Map(scene.nodes.map(node => [node.id, node]));
    const edges = new Map(scene.edges.map(edge => [edge.id, edge]));
    for (const edge of scene.quiet) if (chosen !== null && (edge.source === chosen || edge.target === chosen || edge.id === chosen)) edges.set(edge.id, edge);
    const readable = this.#readable;
    const anew = this.#stale || (readable && this.#owed) || crowd.crowded !== this.#crowd.crowded || crowd.dense !== this.#crowd.dense || crowd.loud !== this.#crowd.loud || crowd.focus !== this.#crowd.focus;
    this.#stale = false;
    if (readable) this.#owed = false;
    const edgesBefore = this.#edges;
    // Styles are computed while the elements change, and ask for what they say.
    this.#edges = edges;
    const added: ElementDefinition[] = [];
    cy.batch(() => {
      const gone = [...edgesBefore.keys()].filter(id => !edges.has(id));
      const moved: string[] = [];
      for (const [id, before] of this.#nodes) {
        const node = nodes.get(id);
        // A mark that becomes a box, or changes its box, is drawn anew: an element cannot change its kind.
        if (!node) gone.push(id);
        else if (kindOf(cy, id) !== node.kind || before.parent !== node.parent) { gone.push(id); moved.push(id); }
      }
      if (gone.length > 0) {
        let removed = cy.collection();
        for (const id of gone) removed = removed.union(cy.getElementById(id));
        removed.union(removed.nodes().connectedEdges()).remove();
      }
      for (const [id, node] of nodes) {
        const drawn = cy.getElementById(id);
        if (drawn.empty()) {
          const place = this.positionOf(id);
          added.push({
            group: 'nodes', data: marks.node(node, now, crowd), ...(place ? { position: { ...place } } : {}),
            ...(place || node.kind === 'box' ? {} : { classes: 'unplaced' }),
          });
        } else if (anew || !sameNode(this.#nodes.get(id), node)) {
          if (!update(drawn, marks.node(node, now, crowd), readable)) this.#owed = true;
        }
      }
      for (const [id, edge] of edges) {
        const drawn = cy.getElementById(id);
        if (drawn.empty()) added.push({ group: 'edges', data: marks.edge(edge, crowd) });
        else if (anew || !sameEdge(edgesBefore.get(id), edge)) {
          update(drawn, marks.edge(edge, crowd));
          if (drawn.data('said') === true || drawn.hasClass('near') || drawn.hasClass('labelled')) (drawn as unknown as { updateStyle(): void }).updateStyle();
        }
      }
      if (added.length > 0) cy.add(added);
    });
    [this.#nodes, this.#crowd] = [nodes, crowd];
    return added.length > 0;
  }
}

function kindOf(cy: Core, id: string): unknown { return cy.getElementById(id).data('kind'); }

/** @returns False when its label alone differs and is too small to be read: it stays as it is. */
function update(drawn: ReturnType<Core['getElementById']>, data: MarkData, readable = true): boolean {
  const before = drawn.data() as MarkData;
  let label = false;
  for (const key in data) {
    if (before[key] === data[key]) continue;
    if (key !== 'label' || readable) {
      drawn.data(data);
      return true;
    }
    label = true;
  }
  return !label;
}

function sameNode(before: SceneNode | undefined, node: SceneNode): boolean {
  if (!before || before.kind !== node.kind) return false;
  switch (node.kind) {
    case 'service': return before.kind === 'service' && before.node === node.node && before.traffic === node.traffic;
    case 'instance': return before.kind === 'instance' && before.instance === node.instance && before.traffic === node.traffic;
    case 'box': return before.kind === 'box' && before.box === node.box && before.title === node.title;
    default: return false;
  }
}

function sameEdge(before: SceneEdge | undefined, edge: SceneEdge): boolean { return before !== undefined && before.edge === edge.edge && before.idle === edge.idle; }
