/** Whether the server answers and the session holds: what the frame tells once, instead of every page by itself. */
import { useSyncExternalStore } from 'react';
import { ApiProblem, call } from './client.ts';

export type Standing = 'here' | 'away' | 'signedOut';

const AGAIN_MS = 2000;

let standing: Standing = 'here';
let held = 0;
let looking: Promise<void> | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let onBack = (): void => {};
let whose: string | null = null;
const listeners = new Set<() => void>();

/** Called each time that the server, or the session, is there again. */
export const whenBack = (handler: () => void): void => {
  onBack = handler;
};

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};
const tell = () => {
  for (const listener of listeners) listener();
};

export const useStanding = (): Standing => useSyncExternalStore(subscribe, () => standing);

/** How many commands wait to be sent. */
export const useHeld = (): number => useSyncExternalStore(subscribe, () => held);

function become(next: Standing): void {
  clearTimeout(timer);
  if (next === 'away') timer = setTimeout(() => void look(), AGAIN_MS);
  if (next === standing) return;
  standing = next;
  tell();
  if (next === 'here') onBack();
}

/** Whose this page is, from when it was loaded. */
export const notePerson = (id: string): void => void (whose ??= id);

/** Somebody has just signed in. */
export const noteSignedIn = (): void => become('here');

/** Looks whether the server answers, and as the same person; while it does not, again and again. */
export function look(): Promise<void> {
  looking ??= call('me.read')
    .then(
      // Somebody else signed in, in another tab: what is held here is not theirs to send.
      ({ id }) => (whose === null || id === whose ? become('here') : location.assign('/today')),
      (error: unknown) => become(standingAfter(error) ?? 'here'),
    )
    .finally(() => {
      looking = null;
    });
  return looking;
}

/** null: the problem is the request's own. */
function standingAfter(error: unknown): Standing | null {
  if (!(error instanceof ApiProblem)) return null;
  if (error.code === 'not_signed_in') return 'signedOut';
  // An answer that is none of ours, such as a proxy's refusal, would be the same the next time.
  return error.code === 'unreachable' && (error.status === 0 || error.status >= 500) ? 'away' : null;
}

/** Takes note of a problem that some request met. */
export function noteProblem(error: unknown): void {
  const after = standingAfter(error);
  if (after === 'signedOut') become(after);
  else if (after === 'away') void look();
}

/** A command is not sent yet; answers what ends that. Who leaves the page while it cannot be sent is asked first. */
export function hold(): () => void {
  held++;
  tell();
  let holding = true;
  return () => {
    if (!holding) return;
    holding = false;
    held--;
    tell();
  };
}
window.addEventListener('beforeunload', (event) => {
  if (standing !== 'here' && held > 0) event.preventDefault();
});

/**
 * Carries out a command that may be repeated (by its idempotency key). While the server does not answer or the session has ended, it
 * is kept, and sent when that is over.
 * @throws ApiProblem what the server refuses
 */
export async function reached<Found>(command: () => Promise<Found>): Promise<Found> {
  const release = hold();
  try {
    for (;;) {
      try {
        return await command();
      } catch (error) {
        const after = standingAfter(error);
        if (after === null) throw error;
        if (after === 'signedOut') become(after);
        else await look();
        await back();
      }
    }
  } finally {
    release();
  }
}

/** Not sooner than after a moment: what answers one request may still not answer another. */
async function back(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  if (standing === 'here') return;
  await new Promise<void>((resolve) => {
    const leave = subscribe(() => {
      if (standing !== 'here') return;
      leave();
      resolve();
    });
  });
}
