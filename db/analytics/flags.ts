/** How analytics write down what came of a touch and of a step. Numbers stand in the database: they are never given another meaning. */
import { CHANNELS, type Channel } from '../../sequences/lead.ts';

/** Of a touch, one bit each. */
export const FLAGS = {
  delivered: 1,
  opened: 2,
  clicked: 4,
  answered: 8,
  positive: 16,
  meetings: 32,
  unsubscribed: 64,
  bounced: 128,
  sent: 256,
} as const;

/** Of a step that a lead passed: what came after it. */
export const LATER = { positive: 1, meetings: 2, sales: 4 } as const;

/** What touches lead to. */
export const STAGES = { sessions: 1, contacts: 2, qualified: 3, sales: 4 } as const;

/** A channel is its place in this list. */
export const channelCode = (channel: Channel): number => CHANNELS.indexOf(channel);
export const channelOf = (code: number): Channel => CHANNELS[code]!;

/** The place of a channel, in SQL. */
export const channelSql = (column: string): string =>
  `(array_position('{${CHANNELS.join(',')}}'::text[], ${column}) - 1)::smallint`;
/** Minutes since 1970, in SQL. */
export const minuteSql = (column: string): string => `floor(extract(epoch from ${column}) / 60)::int`;

/** Minutes of a slot, a day and a block, by which touches are summed. */
export const SLOT = 15;
export const DAY = 1440;
export const BLOCK = 7 * 1440;
