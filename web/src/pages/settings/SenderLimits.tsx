import { Checkbox, Fieldset, Group, NumberInput, SimpleGrid, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { dateOf } from '../../ui/time.ts';
import type { Sender } from './sender-health.ts';
import { CAPPED } from './sender-providers.ts';

/** How much a sender does, and when it is paused. */
export type Limits = Pick<Sender, 'caps' | 'rampUp' | 'minGapSeconds' | 'jitterSeconds' | 'reputation'>;

/** Of a mailbox that is new. */
const SLOWLY = { start: 5, add_per_day: 5 };

export interface SenderLimitsProps {
  readonly channel: Sender['channel'];
  readonly limits: Limits;
  readonly onChange: (limits: Limits) => void;
}

export function SenderLimits({ channel, limits, onChange }: SenderLimitsProps) {
  const { t } = useTranslation(['settings', 'launches']);
  const { caps, rampUp, reputation } = limits;
  const change = (part: Partial<Limits>) => onChange({ ...limits, ...part });
  const pauseAt = (what: keyof Limits['reputation'], value: number | null) => {
    const { [what]: _, ...others } = reputation;
    change({ reputation: { ...others, ...(value !== null && { [what]: value }) } });
  };
  const field = (label: string, value: number | null | undefined, set: (value: number | null) => void) => ({
    label,
    min: 0,
    max: 100_000,
    hideControls: true,
    value: value ?? '',
    onChange: (typed: number | string) => set(typed === '' ? null : Number(typed)),
  });
  return (
    <Fieldset legend={t('senders.limits')}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {CAPPED[channel].map((action) => (
            <Group key={action} grow align="end">
              {(['day', 'week'] as const).map((period) => (
                <NumberInput
                  key={period}
                  {...field(
                    t(`senders.${period}`, { action: t(`launches:action.${action as 'email'}`) }),
                    caps[action]?.[period],
                    (most) => change({ caps: { ...caps, [action]: { ...caps[action], [period]: most } } }),
                  )}
                  allowDecimal={false}
                  placeholder={t('senders.noCaps')}
                />
              ))}
            </Group>
          ))}
        </SimpleGrid>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NumberInput
            {...field(t('senders.gap'), limits.minGapSeconds, (gap) => change({ minGapSeconds: gap ?? 0 }))}
            max={86_400}
            allowDecimal={false}
          />
          <NumberInput
            {...field(t('senders.jitter'), limits.jitterSeconds, (most) =>
              change({ jitterSeconds: most ?? 0 }),
            )}
            max={86_400}
            allowDecimal={false}
          />
          {channel === 'email' && (
            <>
              <NumberInput
                {...field(t('senders.pauseBounced'), reputation.bounced_percent, (percent) =>
                  pauseAt('bounced_percent', percent),
                )}
                max={100}
                suffix=" %"
                placeholder="5 %"
              />
              <NumberInput
                {...field(t('senders.pauseComplaints'), reputation.complaints, (complaints) =>
                  pauseAt('complaints', complaints),
                )}
                max={1000}
                allowDecimal={false}
                placeholder="2"
              />
            </>
          )}
        </SimpleGrid>
        <Checkbox
          label={t('senders.slowly')}
          description={t('senders.slowlyHint')}
          checked={rampUp !== null}
          onChange={({ currentTarget: { checked } }) =>
            change({ rampUp: checked ? { ...SLOWLY, from: dateOf(0) } : null })
          }
        />
        {rampUp && (
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NumberInput
              {...field(t('senders.start'), rampUp.start, (start) =>
                change({ rampUp: { ...rampUp, start: start ?? 0 } }),
              )}
              allowDecimal={false}
            />
            <NumberInput
              {...field(t('senders.more'), rampUp.add_per_day, (more) =>
                change({ rampUp: { ...rampUp, add_per_day: more ?? 0 } }),
              )}
              allowDecimal={false}
            />
          </SimpleGrid>
        )}
      </Stack>
    </Fieldset>
  );
}
