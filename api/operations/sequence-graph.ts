/** A plan as a picture: steps and the ways between them. Waits are not steps here, they are written at the ways. */
import type {
  CompiledSequence,
  Plan,
  PlanNode,
  SequenceCopy,
  StepCopy,
  StepId,
  WaitSpec,
} from '../../sequences/plan.ts';

export interface GraphNode {
  readonly id: StepId;
  readonly kind: Exclude<PlanNode['kind'], 'wait'>;
  readonly channel: string | null;
  readonly action: string | null;
  /** What stands on it: a subject, a condition, an event, the name of a goal or of the next sequence. */
  readonly summary: string;
  readonly review: boolean;
}

export interface GraphEdge {
  /** null: the beginning. */
  readonly from: StepId | null;
  /** null: the end. */
  readonly to: StepId | null;
  readonly kind: 'next' | 'then' | 'else' | 'outcome' | 'arm';
  /** The outcome or arm. */
  readonly name: string | null;
  /** Of an arm: its part of the leads, 0 to 1. */
  readonly share: number | null;
  readonly waits: readonly WaitSpec[];
}

export interface SequenceGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** The picture of a sequence; nodes in the order in which they are written. */
export function sequenceGraph({ plan, copy }: Pick<CompiledSequence, 'plan' | 'copy'>): SequenceGraph {
  const nodes = stepsInOrder(plan).filter((node) => node.kind !== 'wait');
  const edge = (
    from: StepId | null,
    to: StepId | null,
    kind: GraphEdge['kind'] = 'next',
    more: Partial<GraphEdge> = {},
  ): GraphEdge => {
    const waits: WaitSpec[] = [];
    for (
      let node = to === null ? undefined : plan.nodes[to];
      node?.kind === 'wait';
      node = to === null ? undefined : plan.nodes[to]
    ) {
      waits.push(node.wait);
      to = node.next;
    }
    return { from, to, kind, name: null, share: null, waits, ...more };
  };
  return {
    nodes: nodes.map((node) => ({
      id: node.id,
      kind: node.kind,
      channel: node.kind === 'touch' ? node.channel : null,
      action: node.kind === 'touch' ? node.action : null,
      summary: summaryOf(node, copy),
      review: node.kind === 'touch' && node.review,
    })),
    edges: [edge(null, plan.start), ...nodes.flatMap((node) => waysOf(node, edge))],
  };
}

/** The steps of a plan in an order in which a lead may meet them: PostgreSQL keeps none. Each stands after all that lead to it. */
export function stepsInOrder(plan: Plan): PlanNode[] {
  const seen = new Set<StepId>();
  const order: PlanNode[] = [];
  const visit = (id: StepId | null): void => {
    const node = id === null || seen.has(id) ? undefined : plan.nodes[id];
    if (!node) return;
    seen.add(node.id);
    // What is visited last comes first: the first branch stands before the others, and what follows both behind them.
    for (const next of [...nextOf(node)].reverse()) visit(next);
    order.unshift(node);
  };
  visit(plan.start);
  return order;
}

/** What is known by step, in the order in which a lead may meet the steps; one that the plan does not have comes last. */
export function inPlanOrder<Row extends { readonly step: StepId }>(plan: Plan, rows: readonly Row[]): Row[] {
  const place = new Map(stepsInOrder(plan).map(({ id }, index) => [id, index]));
  const of = ({ step }: Row) => place.get(step) ?? place.size;
  return rows.toSorted((one, other) => of(one) - of(other));
}

function nextOf(node: PlanNode): readonly (StepId | null)[] {
  switch (node.kind) {
    case 'touch':
      return [...Object.values(node.outcomes ?? {}), node.otherwise ?? null, node.next];
    case 'wait':
      return [node.next];
    case 'if':
    case 'wait_for':
      return [node.then, node.otherwise];
    case 'split':
      return node.arms.map(({ next }) => next);
    default:
      return [];
  }
}

type MakeEdge = (
  from: StepId,
  to: StepId | null,
  kind?: GraphEdge['kind'],
  more?: Partial<GraphEdge>,
) => GraphEdge;

function waysOf(node: PlanNode, edge: MakeEdge): GraphEdge[] {
  switch (node.kind) {
    case 'touch':
      return [
        edge(node.id, node.next),
        ...Object.entries(node.outcomes ?? {}).map(([name, to]) => edge(node.id, to, 'outcome', { name })),
        ...(node.otherwise === undefined ? [] : [edge(node.id, node.otherwise, 'else')]),
      ];
    case 'if':
    case 'wait_for':
      return [edge(node.id, node.then, 'then'), edge(node.id, node.otherwise, 'else')];
    case 'split': {
      const total = node.arms.reduce((sum, { weight }) => sum + weight, 0);
      return node.arms.map(({ name, weight, next }) =>
        edge(node.id, next, 'arm', { name, share: total === 0 ? 0 : weight / total }),
      );
    }
    case 'wait':
      return [];
    case 'goal':
    case 'end':
    case 'reactivate':
      return [edge(node.id, null)];
  }
}

function summaryOf(node: PlanNode, copy: SequenceCopy): string {
  switch (node.kind) {
    case 'touch':
      return textOf(copy.steps[node.id]);
    case 'if':
      return node.condition;
    case 'wait_for':
      return node.event;
    case 'goal':
      return node.name;
    case 'reactivate':
      return node.with;
    default:
      return '';
  }
}

function textOf(copy: StepCopy | undefined): string {
  if (!copy) return '';
  const { subject, title, body, text, byChannel, url } = copy;
  const line = subject ?? title ?? body ?? text ?? url;
  if (line === undefined && byChannel) return textOf(Object.values(byChannel)[0]);
  return (line ?? '').replace(/\s+/g, ' ').trim().slice(0, 120);
}
