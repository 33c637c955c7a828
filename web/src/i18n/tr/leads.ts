import type { leads as english } from '../en/leads.ts';

export const leads: typeof english = {
  title: 'Adaylar',
};
