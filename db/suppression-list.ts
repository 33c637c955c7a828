/** What is suppressed, as people look through it. Whom it concerns is a hash: only who knows the address can find it. */
import type { IdentityHasher, IdentityKind } from '../common/crypto.ts';
import type { ContactChannel } from '../sequences/lead.ts';
import type { Db, Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';

export interface SuppressionListed {
  readonly id: string;
  readonly kind: IdentityKind;
  /** null: every channel. */
  readonly channel: ContactChannel | null;
  readonly reason: string;
  readonly at: Date;
  /** A person asked for it, or was erased: it is not taken back by anybody else. */
  readonly wished: boolean;
  readonly place: string;
}

const WISHED = `(reason in ('unsubscribed', 'erased', 'complained') or origin like 'lead:%')`;
const COLUMNS = `id, kind, channel, reason, at, ${WISHED} as wished, at::text as place`;

/** The newest first. `value`: an address, number, profile or domain that is looked for, exactly. */
export async function listSuppressions(
  q: Queryable,
  hash: IdentityHasher,
  filter: {
    readonly value: string | null;
    readonly reason: string | null;
    readonly after: readonly [place: string, id: string] | null;
    readonly limit: number;
  },
): Promise<SuppressionListed[]> {
  const kinds = ['email', 'phone', 'linkedin', 'external', 'domain'] as const;
  const hashes = filter.value === null ? null : kinds.map((kind) => hash(kind, filter.value!));
  const { rows } = await q.query<SuppressionListed & Record<string, unknown>>(
    `select ${COLUMNS} from suppressions
     where ($1::bytea[] is null or identity_hash = any($1)) and ($2::text is null or reason = $2)
       and ($3::timestamptz is null or (at, id) < ($3, $4::uuid))
     order by at desc, id desc limit $5`,
    [hashes, filter.reason, filter.after?.[0] ?? null, filter.after?.[1] ?? null, filter.limit],
  );
  return rows;
}

/** Takes back what somebody laid down by hand or what bounced. @throws CommandRefused `not_found`, `suppressed` for a person's own wish */
export async function removeSuppression(db: Db, id: string): Promise<void> {
  await db.tx(async (tx) => {
    const { rows } = await tx.query<{ wished: boolean }>(
      `select ${WISHED} as wished from suppressions where id = $1 for update`,
      [id],
    );
    if (!rows[0]) throw new CommandRefused('not_found', `There is no suppression with the id ${id}.`);
    if (rows[0].wished)
      throw new CommandRefused(
        'suppressed',
        'The person asked for this, or was erased. Only they can take it back: by their preference page or a START.',
      );
    await tx.query('delete from suppressions where id = $1', [id]);
  });
}
