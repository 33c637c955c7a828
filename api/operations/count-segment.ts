/** How many leads a condition means, for whoever is typing it. */
import { createBreath } from '../../common/breath.ts';
import type { Queryable } from '../../db/db.ts';
import { countAll, leadPages } from '../../db/leads.ts';
import { compileCondition, compileSegment } from '../../sequences/language/index.ts';
import type { LeadProfile } from '../../sequences/lead.ts';

export interface SegmentCount {
  /** Of the leads that were looked at. */
  readonly count: number;
  /** Time ran out before every lead was looked at: how many there are at that rate. Ids are random, so the first are like the rest. */
  readonly estimate: number | null;
  /** The first of them. */
  readonly leads: readonly LeadProfile[];
}

/** What is wrong with a condition: `offset` characters from its start. */
export interface SegmentMistake {
  readonly offset: number;
  readonly message: string;
  readonly hint: string | null;
}

/** It is asked while somebody types. */
const BUDGET_MS = 100;
/** Of a page at the most. */
const LONGEST_MS = 1000;
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
  const breath = createBreath();
  const began = performance.now();
  const leads: LeadProfile[] = [];
  let count = 0;
  let looked = 0;
  const estimated = async () => ({
    count,
    estimate: Math.round((count * (await countAll(q))) / looked),
    leads,
  });
  for await (const page of leadPages(q)) {
    if (looked > 0 && (signal.aborted || performance.now() - began > BUDGET_MS)) return estimated();
    for (const lead of page) {
      await breath();
      if (looked > 0 && performance.now() - began > LONGEST_MS) return estimated();
      looked += 1;
      if (!mayTake(lead) || !matches(lead)) continue;
      count++;
      if (leads.length < NAMES) leads.push(lead);
    }
  }
  return { count, estimate: null, leads };
}
