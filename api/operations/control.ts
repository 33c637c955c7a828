import {
  stopAll,
  stopCompany,
  stopLaunch,
  stopLead,
  continueStops,
  type Stopped,
} from '../../db/controls.ts';
import type { Db, Queryable } from '../../db/db.ts';
import { findLead } from '../../db/history.ts';
import { findCompany, findLaunch, findSequence } from '../../db/lookup.ts';
import { lookAgain } from '../../db/look-again.ts';
import { nextToWake, pause, resume, type Paused, type Resumed } from '../../db/pauses.ts';
import { CommandRefused } from '../../db/refused.ts';
import type { Scope, StopScope } from '../../db/scopes.ts';
import { findSender } from '../../db/senders.ts';
import { stopSender } from '../../db/stop-sender.ts';

/** What a control takes hold of, found. */
export interface Target<Of extends Scope = Scope> {
  readonly scope: Of;
  /** null for `all`. */
  readonly scopeId: string | null;
  readonly name: string;
}

/**
 * What a person means by `lead ada@acme.com`, `sequence classic`, `launch spring`, `sender rosa@…`, `company acme.com` or `all`.
 * @throws CommandRefused `not_found`, `ambiguous`, `bad_text`
 */
export async function findTarget<Of extends Scope>(
  q: Queryable,
  scope: Of,
  text: string | undefined,
): Promise<Target<Of>> {
  if (scope === 'all') return { scope, scopeId: null, name: 'everything' };
  const one: Exclude<Scope, 'all'> = scope;
  if (text === undefined || text.trim() === '') {
    throw new CommandRefused('bad_text', `Say which ${one}, for example: ${one} ${EXAMPLES[one]}`);
  }
  const found = await FIND[one](q, text);
  return { scope, scopeId: found.id, name: found.name };
}

const EXAMPLES: Readonly<Record<Exclude<Scope, 'all'>, string>> = {
  lead: 'ada@acme.com',
  sequence: 'classic',
  launch: '"classic: leads"',
  sender: 'rosa@example.com',
  company: 'acme.com',
};

const FIND: Readonly<
  Record<Exclude<Scope, 'all'>, (q: Queryable, text: string) => Promise<{ id: string; name: string }>>
> = {
  lead: async (q, text) => {
    const lead = await findLead(q, text);
    return { id: lead.id, name: lead.name || lead.email || lead.id };
  },
  sequence: findSequence,
  launch: findLaunch,
  sender: async (q, text) => {
    const sender = await findSender(q, text);
    return { id: sender.id, name: `${sender.name} <${sender.address}>` };
  },
  company: findCompany,
};

/** Pauses what `target` covers; in force when this returns. @param by the user, if it is one */
export function pauseTarget(
  db: Db,
  { scope, scopeId }: Target,
  reason: string,
  by: string | null = null,
): Promise<Paused> {
  return pause(db, { scope, scopeId, reason, by });
}

export interface ResumedTarget extends Resumed {
  /** Enrollments to wake, at most `AT_ONCE`; the sweep goes on with the others. */
  readonly wake: readonly string[];
  readonly launches: readonly string[];
}

const AT_ONCE = 1000;

/** Ends a pause and collects whom to wake. */
export async function resumeTarget(db: Db, target: Target): Promise<ResumedTarget> {
  const resumed = await resume(db, target);
  if (!resumed.resumed) return { ...resumed, wake: [], launches: [] };
  return { ...resumed, ...(await wakeAfterPause(db, target.scope === 'launch' ? target.scopeId : null)) };
}

/** Whom to wake after a pause ended. @param launchId the one that it was of; null: any */
export async function wakeAfterPause(
  db: Db,
  launchId: string | null,
): Promise<Pick<ResumedTarget, 'wake' | 'launches'>> {
  const launches = await lookAgain(db, launchId);
  const wake: string[] = [];
  while (wake.length < AT_ONCE) {
    const page = await nextToWake(db);
    if (page.done) break;
    wake.push(...page.wake);
  }
  return { wake, launches };
}

/**
 * Ends the sequences that `target` covers; in force when this returns. A large launch's enrollments are closed page by page.
 * @param onProgress told how many are closed
 */
export async function stopTarget(
  db: Db,
  target: Target<StopScope>,
  reason: string,
  onProgress: (stopped: number) => void = () => {},
): Promise<Stopped> {
  const first = await STOP[target.scope](db, target.scopeId ?? '', reason);
  let { stopped, more } = first;
  const wake = [...first.wake];
  while (more) {
    const page = await continueStops(db);
    stopped += page.stopped;
    more = page.more;
    if (wake.length < AT_ONCE) wake.push(...page.wake);
    onProgress(stopped);
  }
  return { stopped, more, wake, sending: first.sending };
}

const STOP: Readonly<Record<StopScope, (db: Db, id: string, reason: string) => Promise<Stopped>>> = {
  all: (db, _id, reason) => stopAll(db, reason),
  launch: stopLaunch,
  sender: stopSender,
  company: stopCompany,
  lead: stopLead,
};
