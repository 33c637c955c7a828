import { Button, Group, Text } from '@mantine/core';
import { diffLines } from 'diff';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Lines } from './Difference.tsx';

export interface ComparedProps {
  readonly from: string;
  readonly to: string;
  /** What is removed and what added means. */
  readonly legend: string;
  /** What may be done about it. */
  readonly children: ReactNode;
}

/** Two texts to choose between: their difference is shown when it is asked for. */
export function Compared({ from, to, legend, children }: ComparedProps) {
  const { t } = useTranslation('sequences');
  const [open, setOpen] = useState(false);
  return (
    <>
      <Group gap="xs">
        <Button
          size="compact-md"
          variant="default"
          aria-expanded={open}
          onClick={() => setOpen((before) => !before)}
        >
          {t('meanwhile.difference')}
        </Button>
        {children}
      </Group>
      {open && (
        <>
          <Text size="sm">{legend}</Text>
          <Lines lines={linesOf(from, to)} />
        </>
      )}
    </>
  );
}

/** The lines of two texts: what is only in the first is removed, what is only in the second added. */
function linesOf(from: string, to: string) {
  const parts = diffLines(from, to, { timeout: 500 }) ?? [
    { value: from, removed: true, added: false },
    { value: to, removed: false, added: true },
  ];
  return parts.flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, '')
      .split('\n')
      .map((text) => ({ kind: added ? 'added' : removed ? 'removed' : 'same', text }) as const),
  );
}
