import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import { Badge } from '../../ui/Badge.tsx';
import classes from './Difference.module.css';

const TONES = { added: 'good', removed: 'bad', changed: 'warn', text: 'accent' } as const;
type Line = Answer<'sequences.difference'>['lines'][number];
/** Lines around a change that are shown. */
const AROUND = 3;

/** What is different between two versions: step by step, then line by line. */
export function Difference({ difference }: { difference: Answer<'sequences.difference'> }) {
  const { t } = useTranslation('sequences');
  const { steps, lines, settingsChanged, footerChanged } = difference;
  return (
    <div>
      <Group gap="xs" mb="sm">
        {steps.map(({ step, change }) => (
          <Badge key={step} tone={TONES[change]}>
            {step}: {t(`change.${change}`)}
          </Badge>
        ))}
        {settingsChanged && <Badge tone="warn">{t('change.settings')}</Badge>}
        {footerChanged && <Badge tone="accent">{t('change.footer')}</Badge>}
      </Group>
      <Lines lines={lines} />
    </div>
  );
}

/** The lines that differ, with some around them. */
export function Lines({ lines }: { lines: readonly Pick<Line, 'kind' | 'text'>[] }) {
  const { t } = useTranslation('sequences');
  const near = new Set(
    lines.flatMap((line, index) =>
      line.kind === 'same' ? [] : Array.from({ length: 2 * AROUND + 1 }, (_, nth) => index - AROUND + nth),
    ),
  );
  const shown = lines.map((line, index) => ({ line, index })).filter(({ index }) => near.has(index));
  return shown.length === 0 ? (
    <Text c="dimmed">{t('change.none')}</Text>
  ) : (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div className={classes.lines} tabIndex={0} role="region" aria-label={t('lines')}>
      {shown.map(({ line, index }, nth) => (
        <div
          key={index}
          data-kind={line.kind}
          data-gap={(nth > 0 && shown[nth - 1]!.index < index - 1) || undefined}
        >
          <span aria-hidden>{line.kind === 'added' ? '+' : line.kind === 'removed' ? '−' : ' '}</span>
          {line.kind !== 'same' && <span className={classes.said}>{t(`change.${line.kind}`)}</span>}
          {line.text}
        </div>
      ))}
    </div>
  );
}
