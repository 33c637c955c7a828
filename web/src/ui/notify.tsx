import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { newKey } from '../api/client.ts';
import { hold } from '../api/connection.ts';
import { problemText } from '../api/problem-text.ts';
import { i18n } from '../i18n/index.ts';

const close = () => ({ 'aria-label': i18n.t('common:action.close') });
const DONE_MS = 3000;

/** Says that something was done. */
export const done = (message: string): void =>
  void notifications.show({ message, role: 'status', autoClose: DONE_MS, closeButtonProps: close() });

/** Says what went wrong. */
export const failed = (message: string): void =>
  void notifications.show({ message, color: 'red', role: 'alert', closeButtonProps: close() });

const UNDO_MS = 10_000;
/** What can still be undone, the latest last. */
const undos: (() => void)[] = [];

/** What is about to be done. */
const acts = new Set<() => Promise<void>>();

/** Does at once what is about to be done. */
export const doAllNow = async (): Promise<void> => void (await Promise.all([...acts].map((act) => act())));

/** Undoes the latest of what can still be undone. */
export const undoLatest = (): void => undos.at(-1)?.();

/**
 * Says what is about to be done, and does it in ten seconds unless it is undone: for commands that cannot be taken back once the
 * server has them. Leaving the page does it at once. Answers a function that undoes.
 */
export function soon(message: string, act: () => unknown, onUndo: () => void = () => {}): () => void {
  const id = newKey();
  const release = hold();
  let open = true;
  const end = () => {
    if (!open) return false;
    open = false;
    clearTimeout(timer);
    undos.splice(undos.indexOf(undo), 1);
    acts.delete(now);
    window.removeEventListener('pagehide', leave);
    notifications.hide(id);
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
  undos.push(undo);
  acts.add(now);
  const timer = setTimeout(() => void now(), UNDO_MS);
  window.addEventListener('pagehide', leave);
  notifications.show({
    id,
    autoClose: false,
    withCloseButton: false,
    role: 'status',
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={undo}
          aria-keyshortcuts="z"
          rightSection={<kbd aria-hidden>z</kbd>}
        >
          {i18n.t('common:action.undo')}
        </Button>
      </Group>
    ),
  });
  return undo;
}
