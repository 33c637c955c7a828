import type { launches as english } from '../en/launches.ts';

export const launches: typeof english = {
  title: 'Gönderimler',
};
