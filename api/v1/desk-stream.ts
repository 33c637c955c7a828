/** Tells open browsers that something on their desk changed. One look at the database serves them all. */
import type { ServerResponse } from 'node:http';
import { wallNow } from '../../common/clock.ts';
import type { Sight } from '../../db/access/sight.ts';
import type { Db } from '../../db/db.ts';
import { deskMarks, deskVersion, type DeskMark } from '../../db/desk.ts';

/** Whoever listens. */
interface Listener {
  readonly response: ServerResponse;
  /** null: the session ended. */
  readonly look: () => Promise<Sight | null>;
  readonly userId: string;
  sight: Sight;
  /** What it was told last, by event. */
  told: Readonly<Record<DeskMark['what'], string>> | null;
}

export interface DeskStream {
  /** Holds the response open until the browser goes, the session ends, or the server closes. False: too many are open. */
  join(one: Pick<Listener, 'response' | 'look' | 'userId' | 'sight'>): boolean;
  close(): void;
}

/** So many looks after a change was told of read all desks: it may commit only then. */
const SETTLING_LOOKS = 5;
/** After so many looks all desks are read in any case. */
const QUIET_LOOKS = 10;
/** Streams of one user, such as tabs. */
const OPEN = 20;

/** @param options wall ms between two looks at the database, and between two at whether sessions are good and connections live */
export function createDeskStream(
  db: Db,
  { everyMs = 2000, beatMs = 15_000 }: { readonly everyMs?: number; readonly beatMs?: number } = {},
): DeskStream {
  const listeners = new Set<Listener>();
  let looking: NodeJS.Timeout | null = null;
  let beating: NodeJS.Timeout | null = null;

  let known: { version: number; changedAt: number; readAt: number; now: Date | null } = {
    version: -1,
    changedAt: 0,
    readAt: 0,
    now: null,
  };

  async function look(): Promise<void> {
    const { version, now: businessNow, due } = await deskVersion(db, known.now);
    const now = wallNow();
    if (version !== known.version) known = { ...known, version, changedAt: now };
    const quiet =
      !due && now - known.changedAt > SETTLING_LOOKS * everyMs && now - known.readAt < QUIET_LOOKS * everyMs;
    if (quiet && ![...listeners].some(({ told }) => told === null)) return;
    known = { ...known, readAt: now, now: businessNow };
    const marks = await deskMarks(db);
    for (const one of listeners) tell(one, marks);
  }

  async function beat(): Promise<void> {
    for (const one of listeners) {
      const sight = await one.look();
      if (sight === null) end(one);
      else {
        one.sight = sight;
        one.response.write(': here\n\n');
      }
    }
  }

  function end(one: Listener): void {
    listeners.delete(one);
    one.response.end();
  }

  // The next round begins when the one before has ended, whatever came of it.
  function goOn(): void {
    looking ??= setTimeout(() => {
      void look()
        .catch(() => {})
        .finally(() => {
          looking = null;
          if (listeners.size > 0) goOn();
        });
    }, everyMs).unref();
    beating ??= setTimeout(() => {
      void beat()
        .catch(() => {})
        .finally(() => {
          beating = null;
          if (listeners.size > 0) goOn();
        });
    }, beatMs).unref();
  }

  return {
    join(given) {
      if ([...listeners].filter(({ userId }) => userId === given.userId).length >= OPEN) return false;
      const one: Listener = { ...given, told: null };
      listeners.add(one);
      one.response.on('close', () => listeners.delete(one));
      one.response.write('retry: 5000\n: here\n\n');
      goOn();
      return true;
    },
    close() {
      if (looking) clearTimeout(looking);
      if (beating) clearTimeout(beating);
      for (const one of listeners) end(one);
    },
  };
}

function tell(one: Listener, marks: readonly DeskMark[]): void {
  const seen = marks.filter(({ names }) => sees(one.sight, names));
  const now = { tasks: markOf(seen, 'tasks'), inbox: markOf(seen, 'inbox') };
  const before = one.told;
  one.told = now;
  if (!before) return;
  const changed = (['tasks', 'inbox'] as const).filter((what) => before[what] !== now[what]);
  for (const event of changed.length > 0 ? [...changed, 'counts'] : [])
    one.response.write(`event: ${event}\ndata: {}\n\n`);
}

const sees = ({ owners, unowned }: Sight, names: readonly string[]) =>
  owners === null || names.some((name) => owners.includes(name)) || (unowned && names.length === 0);

const markOf = (marks: readonly DeskMark[], what: DeskMark['what']) =>
  marks
    .filter((one) => one.what === what)
    .map(({ names, mark }) => `${names.join(',')} ${mark}`)
    .toSorted()
    .join('\n');
