import type { Needs } from '../../api/client.ts';

type Query = NonNullable<Needs<'leads.count'>['query']>;

export const FILTERS = [
  'q',
  'owner',
  'unowned',
  'company',
  'title',
  'persona',
  'language',
  'country',
  'consent',
  'status',
  'sequence',
  'launchId',
  'did',
  'withinDays',
  'silentDays',
  'attribute',
  'is',
] as const satisfies readonly (keyof Query)[];

/** What the page's address says: filters, order, the lead that is open, and the launch for which leads are chosen. */
export type Search = {
  readonly [K in (typeof FILTERS)[number] | 'sort' | 'open' | 'for']?: string | undefined;
};

/** What of it the API filters by. What people wrote into the address by hand is the API's to refuse. */
export const filterOf = (search: Search): Query =>
  Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = search[name];
      return value === undefined || value === '' ? [] : [[name, String(value)]];
    }),
  ) as Query;
