import type { CollectionReturnValue, Core, EdgeSingular, NodeSingular } from 'cytoscape';

export interface PointerTarget {
  choose(id: string | null): void;
  open(id: string): void;
  /** Whether calls carry their labels anyway. */
  labelsShown(): boolean;
  /** The operator moved the view. */
  moved(): void;
  /** The operator put marks somewhere. */
  dropped(nodes: CollectionReturnValue): void;
}

/** The canvas by mouse and touch: a tap chooses, a second one opens, a call under the pointer says its figures. */
export function onPointer(cy: Core, surface: HTMLElement, target: PointerTarget): void {
  const node = (event: cytoscape.EventObject): NodeSingular => event.target as NodeSingular;
  const edge = (event: cytoscape.EventObject): EdgeSingular => event.target as EdgeSingular;
  cy.on('tap', 'node', event => { target.choose(node(event).id()); surface.focus({ preventScroll: true }); });
  cy.on('dbltap', 'node', event => { target.open(node(event).id()); });
  cy.on('tap', event => { if (event.target === cy) target.choose(null); });
  cy.on('tap', 'edge', event => { target.choose(edge(event).id()); });
  cy.on('mouseover', 'edge', event => { edge(event).addClass('labelled'); });
  cy.on('mouseout', 'edge', event => { if (!target.labelsShown()) edge(event).removeClass('labelled'); });
  cy.on('mouseover', 'node', event => { surface.style.cursor = 'pointer'; node(event).connectedEdges().addClass('labelled'); });
  cy.on('mouseout', 'node', event => {
    surface.style.cursor = '';
    if (!target.labelsShown()) node(event).connectedEdges().removeClass('labelled');
  });
  cy.on('dragfree', 'node', event => { target.dropped(node(event).union(node(event).descendants())); });
  cy.on('dragpan scrollzoom pinchzoom', () => target.moved());
}
