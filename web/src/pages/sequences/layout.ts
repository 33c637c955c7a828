/** Where each step of a sequence stands in its picture. */
import { graphlib, layout } from '@dagrejs/dagre';
import type { Answer } from '../../api/client.ts';

export type Graph = Answer<'sequences.read'>['graph'];
type GraphEdge = Graph['edges'][number];

export const NODE = { width: 232, height: 60 } as const;
/** With its numbers. */
export const COUNTED = { ...NODE, height: 108 } as const;
/** Where an edge without an end leads to. */
export const END = 'end of the sequence';
const START = 'start of the sequence';

export interface Placed {
  readonly nodes: readonly { readonly id: string; readonly x: number; readonly y: number }[];
  readonly edges: readonly (GraphEdge & {
    readonly key: string;
    readonly source: string;
    readonly target: string;
  })[];
}

/** Steps top to bottom, branches side by side; the nodes from the beginning on. */
export function place(graph: Graph, size: typeof NODE | typeof COUNTED): Placed {
  const drawn = new graphlib.Graph({ multigraph: true });
  drawn.setGraph({ rankdir: 'TB', nodesep: 40, ranksep: 64 });
  drawn.setDefaultEdgeLabel(() => ({}));
  for (const { id } of graph.nodes) drawn.setNode(id, { ...size });
  const edges = graph.edges.map((edge, index) => ({
    ...edge,
    key: String(index),
    source: edge.from ?? START,
    target: edge.to ?? END,
  }));
  if (edges.some(({ source }) => source === START)) drawn.setNode(START, { width: 96, height: 28 });
  if (edges.some(({ target }) => target === END)) drawn.setNode(END, { width: 96, height: 28 });
  for (const { source, target, key } of edges) drawn.setEdge(source, target, {}, key);
  layout(drawn);
  return {
    edges,
    nodes: drawn
      .nodes()
      .map((id) => {
        const { x, y, width, height } = drawn.node(id);
        return { id, x: x - width / 2, y: y - height / 2 };
      })
      .toSorted((one, other) => one.y - other.y),
  };
}

export const isEdgeOfSequence = (id: string): boolean => id === START || id === END;
