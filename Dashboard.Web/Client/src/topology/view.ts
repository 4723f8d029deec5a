// What the operator asked to see. The page keeps it in the URL; the canvas only draws it.

export type Grouping = 'none' | 'namespace' | 'zone';
export type HealthFilter = 'all' | 'trouble';

export interface View {
  readonly search: string;
  readonly grouping: Grouping;
  readonly filter: HealthFilter;
  readonly namespace: string | null;
  readonly focus: string | null;
  readonly hops: number;
  readonly expanded: readonly string[];
}

export const defaultView: View = {
  search: '', grouping: 'none', filter: 'all', namespace: null, focus: null, hops: 1, expanded: [],
};

export const maxDrawnNodes = 500;
