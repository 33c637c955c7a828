import { Button, Group, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { i18n } from '../../i18n/index.ts';
import { Card } from '../../ui/Card.tsx';
import { CODE_PAGES, codePageOf, readAs, telling, type CodePage } from './encodings.ts';

export interface LettersProps {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly onRead: (text: string) => void;
  readonly onBack: () => void;
}

const SHOWN = 6;

/** A file does not say how its letters are written: somebody looks at which way its names read right. */
export function Letters({ name, bytes, onRead, onBack }: LettersProps) {
  const { t } = useTranslation(['leads', 'common']);
  const [chosen, setChosen] = useState<CodePage>(() => codePageOf(i18n.language));
  return (
    <Card title={t('letters.title', { name })}>
      <Stack>
        <Text>{t('letters.text')}</Text>
        <Radio.Group
          value={chosen}
          onChange={(value) => setChosen(CODE_PAGES.find((one) => one === value) ?? chosen)}
          aria-label={t('letters.title', { name })}
        >
          <Stack gap="sm">
            {CODE_PAGES.map((one) => (
              <Radio
                key={one}
                value={one}
                label={telling(readAs(bytes, one)).slice(0, SHOWN).join(', ')}
                description={t(`letters.${one}`)}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Group justify="space-between">
          <Button variant="default" onClick={onBack}>
            {t('importing.another')}
          </Button>
          <Button onClick={() => onRead(readAs(bytes, chosen))}>{t('letters.goOn')}</Button>
        </Group>
      </Stack>
    </Card>
  );
}
