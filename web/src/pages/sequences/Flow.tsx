import '@xyflow/react/dist/style.css';
import { useMantineColorScheme } from '@mantine/core';
import {
  Background,
  Controls,
  Handle,
  MarkerType,
  Position,
  ReactFlow,
  type Edge,
  type Node,
  type NodeProps,
  type ReactFlowInstance,
} from '@xyflow/react';
import { useMemo, type ComponentProps } from 'react';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import { Channel } from '../../ui/Channel.tsx';
import classes from './Flow.module.css';
import { COUNTED, isEdgeOfSequence, NODE, place, type Graph } from './layout.ts';
import { NOBODY, StepBar } from './StepBar.tsx';
import { useSummary } from './summary.ts';
import { useWaits } from './waits.ts';

export type Numbers = Answer<'sequences.numbers'>['steps'][number];
type Counted = ComponentProps<typeof StepBar>['numbers'];
type StepNode = Node<
  {
    readonly step: Graph['nodes'][number];
    readonly summary: string;
    readonly numbers: Counted;
    readonly isCounted: boolean;
    readonly chosen: boolean;
  },
  'step'
>;
type EdgeOfSequence = Node<{ readonly label: string }, 'edge'>;

/** Pixels above the first step. */
const TOP = 24;
const TYPES = { step: Step, edge: Terminal };

export interface FlowProps {
  readonly graph: Graph;
  /** null: of a draft there are none; undefined: they are on their way. */
  readonly numbers: ReadonlyMap<string, Numbers> | null | undefined;
  readonly chosen: string | null;
  readonly onChoose: (step: string) => void;
}

/** A sequence as a picture; a step opens its message. */
export default function Flow({ graph, numbers, chosen, onChoose }: FlowProps) {
  const { t } = useTranslation('sequences');
  const waits = useWaits();
  const summaryOf = useSummary();
  const { colorScheme } = useMantineColorScheme();
  const isCounted = numbers !== null;
  const size = isCounted ? COUNTED : NODE;
  const placed = useMemo(() => place(graph, size), [graph, size]);
  const steps = new Map(graph.nodes.map((node) => [node.id, node]));
  const nodes: (StepNode | EdgeOfSequence)[] = placed.nodes.map(({ id, x, y }) => {
    const step = steps.get(id);
    const common = { id, position: { x, y }, draggable: false, connectable: false } as const;
    if (!step || isEdgeOfSequence(id))
      return {
        ...common,
        type: 'edge',
        selectable: false,
        focusable: false,
        data: { label: id.startsWith('start') ? t('start') : t('end') },
      };
    return {
      ...common,
      type: 'step',
      ariaLabel: `${step.id}: ${summaryOf(step)}`,
      data: {
        step,
        summary: summaryOf(step),
        numbers: numbers ? (numbers.get(id) ?? NOBODY) : null,
        isCounted,
        chosen: id === chosen,
      },
    };
  });
  const edges: Edge[] = placed.edges.map((edge) => {
    const label = [
      edge.kind === 'next' ? null : (edge.name ?? t(`edge.${edge.kind as 'then'}`)),
      edge.share === null ? null : `${Math.round(edge.share * 100)} %`,
      waits(edge.waits) || null,
    ]
      .filter(Boolean)
      .join(' · ');
    return {
      id: edge.key,
      source: edge.source,
      target: edge.target,
      type: 'smoothstep',
      focusable: false,
      ...(label && { label }),
      labelStyle: { fontSize: 11, fill: 'var(--mantine-color-dimmed)' },
      labelBgStyle: { fill: 'var(--c-ground)' },
      style: { stroke: 'var(--mantine-color-dimmed)' },
      markerEnd: { type: MarkerType.ArrowClosed, color: 'var(--mantine-color-dimmed)' },
    };
  });
  return (
    <div className={classes.flow}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        onNodeClick={(_event, node) => node.type === 'step' && onChoose(node.id)}
        onSelectionChange={({ nodes: [one] }) =>
          one?.type === 'step' && one.id !== chosen && onChoose(one.id)
        }
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        onInit={(flow) => void showBeginning(flow, placed.nodes)}
        minZoom={0.2}
        colorMode={colorScheme === 'auto' ? 'system' : colorScheme}
        proOptions={{ hideAttribution: true }}
        aria-label={t('flow')}
      >
        <Background gap={24} size={1} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function Step({ data: { step, summary, numbers, isCounted, chosen } }: NodeProps<StepNode>) {
  return (
    <div
      className={classes.step}
      data-chosen={chosen || undefined}
      style={{ width: NODE.width, height: (isCounted ? COUNTED : NODE).height }}
    >
      <Handle type="target" position={Position.Top} className={classes.handle} />
      <div className={classes.name}>
        {step.channel ? (
          <Channel channel={step.channel} bare />
        ) : (
          <span className={classes.kind} aria-hidden />
        )}
        <b>{step.id}</b>
      </div>
      <div className={classes.summary}>
        <bdi>{summary}</bdi>
      </div>
      {isCounted && <StepBar numbers={numbers} />}
      <Handle type="source" position={Position.Bottom} className={classes.handle} />
    </div>
  );
}

function Terminal({ data: { label } }: NodeProps<EdgeOfSequence>) {
  return (
    <div className={classes.terminal}>
      <Handle type="target" position={Position.Top} className={classes.handle} />
      {label}
      <Handle type="source" position={Position.Bottom} className={classes.handle} />
    </div>
  );
}

/** The beginning at the top, large enough to be read; the rest is a scroll or the fit button away. */
async function showBeginning(
  flow: Pick<ReactFlowInstance<StepNode | EdgeOfSequence>, 'fitView' | 'getViewport' | 'setViewport'>,
  placed: readonly { readonly id: string; readonly y: number }[],
): Promise<void> {
  const nodes = placed.slice(0, 4).map(({ id }) => ({ id }));
  await flow.fitView({ maxZoom: 1, padding: 0.1, nodes });
  const { x, zoom } = flow.getViewport();
  const top = Math.min(...placed.map(({ y }) => y));
  await flow.setViewport({ x, y: TOP - top * zoom, zoom });
}
