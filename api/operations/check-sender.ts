import type { Secrets } from '../../common/crypto.ts';
import { wallNow } from '../../common/clock.ts';
import type { Db } from '../../db/db.ts';
import { loadAccount, type Sender } from '../../db/senders.ts';
import { askWebClock, clockLine } from '../../providers/clock-check.ts';
import { domainOf } from '../../providers/email/compose.ts';
import type { CheckLine, SenderAccount } from '../../providers/ports.ts';
import type { Providers } from '../../providers/registry.ts';

/** Whether a sender works: what its provider says, and whether this machine's clock is that of the database and of the provider. */
export async function checkSender(
  { db, secrets, providers }: { readonly db: Db; readonly secrets: Secrets; readonly providers: Providers },
  sender: Sender,
): Promise<readonly CheckLine[]> {
  const account = await loadAccount(db, sender.id, secrets);
  const [lines, database, web] = await Promise.all([
    providers.get(sender.channel, sender.provider).check(account),
    databaseClock(db),
    askWebClock(webOf(account)),
  ]);
  return [...lines, clockLine(web ? [database, web] : [database])];
}

async function databaseClock(db: Db): Promise<{ of: string; aheadMs: number }> {
  const asked = wallNow();
  const { rows } = await db.query<{ now: number }>(
    'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
  );
  return { of: 'the database', aheadMs: (asked + wallNow()) / 2 - rows[0]!.now };
}

/** A web server that has to do with the sender: its provider's, or that of the domain it writes from. */
function webOf({ channel, provider, address, settings }: SenderAccount): string {
  if (typeof settings.baseUrl === 'string') return settings.baseUrl;
  if (provider === 'twilio') return 'https://api.twilio.com';
  return `https://${channel === 'email' ? domainOf(address) : 'www.linkedin.com'}`;
}
