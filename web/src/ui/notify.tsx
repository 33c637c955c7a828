import { Button } from '@mantine/core';
import { Notifications, notifications } from '@mantine/notifications';
import { useSyncExternalStore } from 'react';
import { hold } from '../api/connection.ts';
import { problemText } from '../api/problem-text.ts';
import { i18n } from '../i18n/index.ts';
import classes from './notify.module.css';

/** Where it is said: in the corner beside the places (on a phone above them), where nobody reads or types. */
export const Notices = () => (
  <Notifications
    className={classes.notices!}
    position="bottom-left"
    containerWidth={364}
    autoClose={10_000}
    limit={3}
  />
);

const close = () => ({ 'aria-label': i18n.t('common:action.close') });
const DONE_MS = 3000;

/** Says that something was done. */
export const done = (message: string): void =>
  void notifications.show({ message, role: 'status', autoClose: DONE_MS, closeButtonProps: close() });

/** Says what went wrong. */
export const failed = (message: string): void =>
  void notifications.show({ message, color: 'red', role: 'alert', closeButtonProps: close() });

const UNDO_MS = 10_000;
interface Undoable {
  readonly message: string;
  readonly undo: () => void;
}
/** What can still be undone, the latest last. */
let undos: readonly Undoable[] = [];
const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};
const UNDOS = 'undos';
/** So many are shown; the key undoes the others too, after these. */
const SHOWN = 3;

function tellUndos(changed: readonly Undoable[]): void {
  undos = changed;
  for (const listener of listeners) listener();
  if (undos.length === 0) notifications.hide(UNDOS);
  else
    notifications.show({
      id: UNDOS,
      autoClose: false,
      withCloseButton: false,
      role: 'status',
      message: <Undos />,
    });
}

/** A line for each thing that can still be undone. */
function Undos() {
  const shown = useSyncExternalStore(subscribe, () => undos).slice(-SHOWN);
  return (
    <ul className={classes.undos}>
      {shown.map((one, at) => {
        const latest = at === shown.length - 1;
        return (
          <li key={at} data-latest={latest || undefined}>
            <span title={one.message}>
              <bdi>{one.message}</bdi>
            </span>
            <Button
              size="compact-sm"
              variant="default"
              flex="none"
              onClick={one.undo}
              {...(latest && { 'aria-keyshortcuts': 'z', rightSection: <kbd aria-hidden>z</kbd> })}
            >
              {i18n.t('common:action.undo')}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}

/** What is about to be done. */
const acts = new Set<() => Promise<void>>();

/** Does at once what is about to be done. */
export const doAllNow = async (): Promise<void> => void (await Promise.all([...acts].map((act) => act())));

/** Undoes the latest of what can still be undone. */
export const undoLatest = (): void => undos.at(-1)?.undo();

/**
 * Says what is about to be done, and does it in ten seconds unless it is undone: for commands that cannot be taken back once the
 * server has them. Leaving the page does it at once. Answers a function that undoes.
 */
export function soon(message: string, act: () => unknown, onUndo: () => void = () => {}): () => void {
  const release = hold();
  let open = true;
  const end = () => {
    if (!open) return false;
    open = false;
    clearTimeout(timer);
    acts.delete(now);
    window.removeEventListener('pagehide', leave);
    tellUndos(undos.filter((one) => one.undo !== undo));
    return true;
  };
  const now = async () => {
    if (!end()) return;
    const acted = act();
    // From here on it is held by itself, where it may be repeated.
    release();
    await Promise.resolve(acted).catch((error: unknown) => failed(problemText(error)));
  };
  const leave = () => void now();
  const undo = () => {
    if (!end()) return;
    release();
    onUndo();
  };
  acts.add(now);
  const timer = setTimeout(() => void now(), UNDO_MS);
  window.addEventListener('pagehide', leave);
  tellUndos([...undos, { message, undo }]);
  return undo;
}
