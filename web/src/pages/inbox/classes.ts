import type { Tone } from '../../ui/Badge.tsx';

/** What an answer means, as the API says it. */
export const CLASSES = [
  'interested',
  'not_now',
  'not_interested',
  'wrong_person',
  'out_of_office',
  'bounce',
  'unsubscribe',
  'other',
] as const;
export const TONES: Readonly<Record<(typeof CLASSES)[number], Tone>> = {
  interested: 'good',
  not_now: 'accent',
  not_interested: 'neutral',
  wrong_person: 'warn',
  out_of_office: 'neutral',
  bounce: 'warn',
  unsubscribe: 'bad',
  other: 'neutral',
};
