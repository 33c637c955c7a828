import type { analytics as english } from '../en/analytics.ts';

export const analytics: typeof english = {
  title: 'Analiz',
};
