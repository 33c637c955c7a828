/** How many leads a condition means, for whoever is typing it. */
import type { Queryable } from '../../db/db.ts';
import { leadPages } from '../../db/leads.ts';
import { compileCondition, compileSegment } from '../../sequences/language/index.ts';
import type { LeadProfile } from '../../sequences/lead.ts';

export interface SegmentCount {
  readonly count: number;
  /** Time ran out before every lead was looked at: there may be more. */
  readonly more: boolean;
  /** The first of them. */
  readonly leads: readonly LeadProfile[];
}

/** What is wrong with a condition: `offset` characters from its start. */
export interface SegmentMistake {
  readonly offset: number;
  readonly message: string;
  readonly hint: string | null;
}

const BUDGET_MS = 4000;
const NAMES = 5;

/** @param mayTake whom the caller may launch on. @param signal nobody waits for the answer any more */
export async function countSegment(
  q: Queryable,
  where: string,
  mayTake: (lead: LeadProfile) => boolean,
  signal: AbortSignal,
): Promise<SegmentCount | SegmentMistake> {
  const compiled = compileCondition(where, 'segment');
  if ('faults' in compiled) {
    const { offset = 0, message = 'is not valid', hint = null } = compiled.faults[0] ?? {};
    return { offset, message, hint };
  }
  const matches = compileSegment(where);
  const endsAt = performance.now() + BUDGET_MS;
  const leads: LeadProfile[] = [];
  let count = 0;
  for await (const page of leadPages(q)) {
    if (signal.aborted || performance.now() > endsAt) return { count, more: true, leads };
    for (const lead of page) {
      if (!mayTake(lead) || !matches(lead)) continue;
      count++;
      if (leads.length < NAMES) leads.push(lead);
    }
  }
  return { count, more: false, leads };
}
