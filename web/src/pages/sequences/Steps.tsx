import { useTranslation } from 'react-i18next';
import { Channel } from '../../ui/Channel.tsx';
import type { Numbers } from './Flow.tsx';
import type { Graph } from './layout.ts';
import { NOBODY, StepBar } from './StepBar.tsx';
import classes from './Steps.module.css';
import { useSummary } from './summary.ts';
import { useWaits } from './waits.ts';

/** The same as the picture, as a list: for small screens, screen readers, and who would rather read. */
export function Steps({
  graph,
  numbers,
  chosen,
  onChoose,
}: {
  graph: Graph;
  numbers: ReadonlyMap<string, Numbers> | null | undefined;
  chosen: string | null;
  onChoose: (step: string) => void;
}) {
  const { t } = useTranslation('sequences');
  const waits = useWaits();
  const summaryOf = useSummary();
  return (
    <ol className={classes.list} aria-label={t('steps')}>
      {graph.nodes.map((node) => {
        const into = graph.edges.filter(({ to }) => to === node.id);
        const out = graph.edges.filter(({ from }) => from === node.id);
        const wait = waits(into[0]?.waits ?? []);
        return (
          <li key={node.id}>
            {wait && <div className={classes.wait}>{wait}</div>}
            <button
              type="button"
              className={classes.step}
              onClick={() => onChoose(node.id)}
              {...(chosen === node.id && { 'aria-current': true })}
            >
              <span className={classes.name}>
                {node.channel && <Channel channel={node.channel} bare />}
                <b>{node.id}</b>
              </span>
              <bdi>{summaryOf(node)}</bdi>
              {out.length > 1 && (
                <span className={classes.branches}>
                  {out
                    .map(
                      (edge) => `${edge.name ?? t(`edge.${edge.kind as 'then'}`)} → ${edge.to ?? t('end')}`,
                    )
                    .join(', ')}
                </span>
              )}
              {numbers !== null && <StepBar numbers={numbers ? (numbers.get(node.id) ?? NOBODY) : null} />}
            </button>
          </li>
        );
      })}
    </ol>
  );
}
