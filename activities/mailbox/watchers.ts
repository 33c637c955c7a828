/**
 * The mailboxes that this process reads. They go on while the Temporal server is away: what decides who reads one is its lease in
 * PostgreSQL, and a workflow only sees to it that somebody does.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { wallNow, type Clock } from '../../common/clock.ts';
import type { Secrets } from '../../common/crypto.ts';
import type { Logger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import {
  mailboxFailed,
  mailboxLive,
  noteSentCopy,
  readMarks,
  releaseMailbox,
  saveMark,
  storeMail,
  takeMailbox,
} from '../../db/mailboxes.ts';
import { CommandRefused } from '../../db/refused.ts';
import { loadAccount } from '../../db/senders.ts';
import type { ArrivedMail } from '../../providers/email/mailbox/read-folder.ts';
import type { MailboxConfiguration } from '../../providers/email/mailbox/settings.ts';
import { watchMailbox, type WatchSink } from '../../providers/email/mailbox/watch.ts';
import { emailConfiguration } from '../../providers/email/settings.ts';

export interface MailboxDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly secrets: Pick<Secrets, 'decrypt'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** Understands one stored arrival; never throws. */
  readonly process: (inboundId: number) => Promise<void>;
  /** How long (wall ms) a mailbox counts as read after it was last seen to be. */
  readonly liveMs?: number;
}

const LIVE_MS = 10_000;
/** Longer than a process is ever busy with itself. */
const OWNER_MS = 15_000;
const RENEW_MS = 3_000;
const TAKEN_WAIT_MS = 1_500;
const FAILED_WAIT_MS = 5_000;
/** Whether the sender was changed is looked at with every so many renewals. */
const LOOK_EVERY = 3;

/** `removed`: the sender is gone or its mailbox is not to be read any more. */
export type WatchEnd = 'removed' | 'stopped';

export class Watchers {
  readonly #deps: MailboxDeps;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Promise<WatchEnd>>();

  constructor(deps: MailboxDeps) {
    this.#deps = deps;
  }

  /** Sees to it that this process reads the mailbox, or waits to. Answers when that is over. */
  ensure(senderId: string): Promise<WatchEnd> {
    const known = this.#running.get(senderId);
    if (known) return known;
    const running = watch(this.#deps, senderId, this.#stopping.signal).finally(() =>
      this.#running.delete(senderId),
    );
    this.#running.set(senderId, running);
    return running;
  }

  /** Ends all of them and lets other processes take over. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#running.values());
  }
}

async function watch(deps: MailboxDeps, senderId: string, signal: AbortSignal): Promise<WatchEnd> {
  const owner = randomUUID();
  while (!signal.aborted) {
    try {
      const found = await configurationOf(deps, senderId);
      if (found === null) return 'removed';
      const taken = await takeMailbox(deps.db, senderId, owner, OWNER_MS);
      if (!taken) {
        await pause(TAKEN_WAIT_MS, signal);
        continue;
      }
      if ('problem' in found) {
        await mailboxFailed(deps.db, senderId, owner, found.problem);
        await pause(FAILED_WAIT_MS, signal);
        continue;
      }
      await keepReading(deps, { senderId, owner, ...found, since: taken.watchedSince }, signal);
    } catch (error) {
      deps.log.warn({ err: error, sender: senderId }, 'reading a mailbox failed; it is tried again');
      await pause(FAILED_WAIT_MS, signal);
    } finally {
      if (signal.aborted) await releaseMailbox(deps.db, senderId, owner).catch(() => {});
    }
  }
  return 'stopped';
}

interface Found {
  readonly configuration: MailboxConfiguration;
  readonly fingerprint: string;
}

/** null: nothing is to be read. */
async function configurationOf(
  { db, secrets }: MailboxDeps,
  senderId: string,
): Promise<Found | { readonly problem: string } | null> {
  try {
    const account = await loadAccount(db, senderId, secrets);
    const { mailbox } = emailConfiguration(account);
    if (!mailbox) return null;
    const fingerprint = createHash('sha256').update(JSON.stringify(mailbox)).digest('base64');
    return { configuration: mailbox, fingerprint };
  } catch (error) {
    if (error instanceof CommandRefused) return null;
    const { name, message } = error as Error;
    if (name === 'BadSettings') return { problem: message };
    if (/^(UnknownKey|BrokenSecret)/.test(name)) return { problem: 'its credentials cannot be read' };
    throw error;
  }
}

/** Reads while the mailbox is ours and the sender as it was. */
async function keepReading(
  deps: MailboxDeps,
  mine: Found & { readonly senderId: string; readonly owner: string; readonly since: Date },
  signal: AbortSignal,
): Promise<void> {
  const { db } = deps;
  const { senderId, owner } = mine;
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const reading = watchMailbox(mine.configuration, sinkOf(deps, senderId, owner), {
    signal: both,
    since: mine.since,
  }).finally(() => over.abort());
  // Whoever awaits it comes after the loop.
  reading.catch(() => {});
  let renewed = performance.now();
  for (let turn = 1; !both.aborted; turn++) {
    await pause(RENEW_MS, both);
    if (both.aborted) break;
    try {
      if (!(await takeMailbox(db, senderId, owner, OWNER_MS))) over.abort();
      renewed = performance.now();
      if (turn % LOOK_EVERY > 0) continue;
      const now = await configurationOf(deps, senderId);
      if (now === null || 'problem' in now || now.fingerprint !== mine.fingerprint) over.abort();
    } catch (error) {
      // A database that is away for a moment takes nobody's mailbox; somebody else may have it after the lease.
      if (performance.now() - renewed > OWNER_MS) over.abort();
      else deps.log.warn({ err: error, sender: senderId }, 'renewing the lease of a mailbox failed');
    }
  }
  await reading;
}

function sinkOf(deps: MailboxDeps, senderId: string, owner: string): WatchSink {
  const { db } = deps;
  return {
    marks: () => readMarks(db, senderId),
    live: () => mailboxLive(db, senderId, owner, deps.liveMs ?? LIVE_MS),
    failed: (sentence) => mailboxFailed(db, senderId, owner, sentence),
    moved: (folder, mark) => saveMark(db, senderId, folder, mark),
    sentCopy: (copy) => noteSentCopy(db, { senderId, ...copy }),
    async arrived(mail, mark) {
      const id = await storeMail(db, inboundOf(deps, senderId, mail), mail.folder, mark);
      if (id !== null) await deps.process(id);
    },
  };
}

function inboundOf({ clock }: MailboxDeps, senderId: string, mail: ArrivedMail) {
  const end = mail.raw.indexOf('\r\n\r\n');
  const header = mail.raw.subarray(0, end < 0 ? mail.raw.length : end);
  const age = Math.max(0, wallNow() - mail.internalDate.getTime());
  return {
    source: 'mail' as const,
    kind: 'message',
    // The same message in another folder, or under another UID, is the same message.
    dedupeKey: `mail:${senderId}:${createHash('sha256').update(header).digest('hex')}`,
    senderId,
    payload: {
      folder: mail.folder,
      uid: mail.uid,
      uidValidity: mail.uidValidity.toString(),
      threadId: mail.threadId,
      specialUse: mail.specialUse,
      size: mail.size,
      truncated: mail.truncated,
    },
    raw: mail.raw,
    at: Math.round(clock.now() - age * clock.speed()),
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
