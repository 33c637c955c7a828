/** Senders added and changed with their settings checked; nobody outside is asked. */
import { BrokenSecretError, UnknownKeyError, type Secrets } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import {
  addSender,
  findSender,
  loadAccount,
  updateSender,
  type NewSender,
  type Sender,
  type SenderChanges,
} from '../../db/senders.ts';
import type { Providers } from '../../providers/registry.ts';

interface Deps {
  readonly db: Db;
  readonly secrets: Secrets;
  readonly providers: Providers;
}

/** @throws BadSender, BadSettings, UnknownProvider, CommandRefused `already_done` */
export async function addCheckedSender({ db, secrets, providers }: Deps, sender: NewSender): Promise<Sender> {
  const provider = providers.get(sender.channel, sender.provider);
  const id = await db.tx(async (tx) => {
    const id = await addSender(tx, sender, secrets);
    provider.assertSettings?.(await loadAccount(tx, id, secrets));
    return id;
  });
  return findSender(db, id);
}

/** Changes the given things; new caps replace the old ones as a whole. @throws BadSender, BadSettings, UnknownProvider */
export async function changeSender(
  { db, secrets, providers }: Deps,
  before: Sender,
  changes: SenderChanges,
): Promise<Sender> {
  const provider = providers.get(before.channel, changes.provider ?? before.provider);
  await updateSender(db, before.id, changes, secrets, async (tx) => {
    if (!changes.provider && !changes.settings && !changes.credentials) return;
    const account = await loadAccount(tx, before.id, secrets).catch((error: unknown) => {
      // The key of the old credentials is gone: what cannot be read cannot be checked, nor stand in the way.
      if (!changes.credentials && (error instanceof UnknownKeyError || error instanceof BrokenSecretError))
        return null;
      throw error;
    });
    if (account) provider.assertSettings?.(account);
  });
  return findSender(db, before.id);
}
