import type { sequences as english } from '../en/sequences.ts';

export const sequences: typeof english = {
  title: 'Akışlar',
};
