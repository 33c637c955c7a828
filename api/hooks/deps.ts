import type { NewInbound } from '../../db/inbound.ts';
import type { SenderAccount } from '../../providers/ports.ts';

/** What the ways in need. */
export interface HookDeps {
  /** How this server is reached from outside, without a slash at the end: what providers sign. */
  readonly publicUrl: string;
  /** The sender with its credentials; null when there is none. */
  readonly account: (senderId: string) => Promise<SenderAccount | null>;
  /** The secrets of another system that tells events; null: there is no such source. */
  readonly sourceSecrets: (name: string) => Promise<readonly string[] | null>;
  /** Stores it for good, then has it understood without keeping anybody waiting. Throws when it could not be stored. */
  readonly store: (arrived: NewInbound) => Promise<void>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The sender whose provider is meant; null: there is no such address. */
export async function senderOf(
  deps: HookDeps,
  senderId: string,
  provider: string,
): Promise<SenderAccount | null> {
  if (!UUID.test(senderId)) return null;
  const account = await deps.account(senderId);
  return account?.provider === provider ? account : null;
}
