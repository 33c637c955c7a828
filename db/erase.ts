/** Erasing a person (promise 8): what names them goes, everywhere; that they must not be contacted again stays, as hashes. */
import type { IdentityHasher } from '../common/crypto.ts';
import { emit } from './callbacks.ts';
import type { Db, Tx } from './db.ts';
import { eraseFromCallbacks } from './deliveries.ts';
import { endEnrollments, lockLeads } from './endings.ts';
import { lockIdentities } from './identities.ts';
import { CommandRefused } from './refused.ts';
import { sendingTo, type SendingTouch } from './scopes.ts';
import { identitiesOf, leadsKnownBy, suppressLocked, type Identity } from './suppressions.ts';

export interface Erased {
  /** All enrollments that the lead ever had: their workflows are to be ended, histories and all. */
  readonly enrollmentIds: readonly string[];
  /** Touches that were `sending` at that moment: these may still arrive. */
  readonly sending: readonly SendingTouch[];
  /** False: it was erased before, or `unless` said no. */
  readonly erased: boolean;
}

/** Rows of the lead in which only what could name it is blanked; ids, times, steps and states stay for the counts. */
const BLANK: readonly string[] = [
  `update touches set content = null, recipient = null, detail = null, provider_id = null, provider_thread_id = null, delivery_detail = null where lead_id = $1`,
  `update tasks set title = '', body = '', link = null, note = null where lead_id = $1`,
  `update lead_events set data = '{}', dedupe_key = null where lead_id = $1`,
  `update decisions set detail = null where lead_id = $1`,
  `update launch_exclusions set detail = '' where lead_id = $1`,
  `update pauses set reason = 'erased', ended_at = coalesce(ended_at, business_now()) where scope = 'lead' and scope_id = $1`,
  // Also what came from the person's number or profile before anybody knew whose it was.
  `delete from messages m using leads l where l.id = $1 and m.lead_id is null and (m.address = any(l.phones) or m.address = any(l.emails) or m.address = l.linkedin_url)`,
  `update inbound set raw = null where raw is not null and id in (select inbound_id from messages where lead_id = $1 or maybe_lead_id = $1)`,
  `delete from messages where maybe_lead_id = $1 and lead_id is null`,
  `update messages set maybe_lead_id = null where maybe_lead_id = $1`,
  `delete from touch_message_ids where touch_id in (select id from touches where lead_id = $1)`,
  `update inbound set payload = '{}', raw = null, error = null where lead_id = $1`,
  `update replies set recipient = null, subject = null, body = '', key = null, detail = null, message_id = null, provider_id = null, provider_thread_id = null where lead_id = $1`,
  `update messages set address = null, body = '', provider_id = null, thread_id = null where lead_id = $1`,
  // Files are kept for a day at the most, and name whom nobody can look up in them: all of them go.
  `update imports set content = case when state = 'done' then null else content end, rejects = null
   where (content is not null or rejects is not null) and $1::uuid is not null`,
  // Words under which somebody kept looking for this person; it still has its name here.
  `update lead_views v set filters = v.filters - 'q' from leads l where l.id = $1 and v.filters ? 'q' and not exists (
     select from regexp_split_to_table(lower(trim(v.filters ->> 'q')), '\\s+') word
     where strpos(translate(lead_words(l.first_name, l.last_name, l.company_name, l.emails), 'ıİ', 'ii'), translate(word, 'ıİ', 'ii')) = 0)`,
  `update analytics_conversions set amount = null, currency = null where lead_id = $1`,
  `delete from lead_senders where lead_id = $1`,
  `delete from lead_identities where lead_id = $1`,
];

/** What is left of the lead is an id, so that touches and callbacks still belong to one. */
const BLANK_LEAD = `
  update leads set seed = 'erased', external_id = null, first_name = null, last_name = null, title = null, company_id = null,
    company_name = null, emails = '{}', phones = '{}', linkedin_url = null, country = null, locale = null, time_zone = null,
    preferred_channel = null, persona = null, owner = null, consent_status = 'refused', consent_source = null, consent_at = null,
    attributes = '{}', last_whatsapp_in_at = null, updated_at = clock_timestamp()
  where id = $1`;

/**
 * Erases a lead: its enrollments end, its identities are suppressed on every channel as keyed hashes, and everything that could
 * name it is deleted or blanked, in one transaction. The CRM is told by `lead.erased`; callbacks that it has not taken yet keep
 * its own id of the lead until it has. A number that other leads share stays theirs, but is not rung or written to any more.
 * The workflows of the returned enrollments must be ended by the caller. `unless` is asked under all locks.
 * @throws CommandRefused `not_found`; erasing twice changes nothing and answers the same enrollments
 */
export async function eraseLead(
  db: Db,
  leadId: string,
  deps: { readonly hashIdentity: IdentityHasher; readonly unless?: (tx: Tx) => Promise<boolean> },
): Promise<Erased> {
  return db.tx(async (tx) => {
    // No import gives this person new identities meanwhile.
    await lockIdentities(tx);
    const companyId = await lockCompany(tx, leadId);
    const identities = await identitiesOf(tx, leadId);
    const concerned = await leadsKnownBy(tx, identities);
    await lockLeads(tx, [...new Set([leadId, ...concerned])]);
    const { rows } = await tx.query<{ id: string }>(
      'select id from enrollments where lead_id = $1 order by id',
      [leadId],
    );
    const enrollmentIds = rows.map((row) => row.id);
    if (await isErased(tx, leadId)) return { enrollmentIds, sending: [], erased: false };
    if (await deps.unless?.(tx)) return { enrollmentIds: [], sending: [], erased: false };

    const sending = await sendingTo(tx, [leadId]);
    await suppress(tx, deps.hashIdentity, identities, leadId);
    await endEnrollments(tx, enrollmentIds, 'erased');
    await tx.query('update leads set erased_at = business_now() where id = $1', [leadId]);
    await emit(tx, { type: 'lead.erased', leadId });
    for (const statement of BLANK) await tx.query(statement, [leadId]);
    await tx.query(BLANK_LEAD, [leadId]);
    await eraseFromCallbacks(tx, leadId);
    if (companyId !== null) await deleteIfEmpty(tx, companyId);
    return { enrollmentIds, sending, erased: true };
  });
}

/** Companies are locked before leads; a company of nobody else goes with its last lead, as it may be the person's own name. */
async function lockCompany(tx: Tx, leadId: string): Promise<string | null> {
  const { rows } = await tx.query<{ company_id: string | null }>(
    'select company_id from leads where id = $1',
    [leadId],
  );
  if (!rows[0]) throw new CommandRefused('not_found', `There is no lead with the id ${leadId}.`);
  const companyId = rows[0].company_id;
  if (companyId !== null) await tx.query('select from companies where id = $1 for update', [companyId]);
  return companyId;
}

async function isErased(tx: Tx, leadId: string): Promise<boolean> {
  const { rows } = await tx.query<{ erased: boolean }>(
    'select erased_at is not null as erased from leads where id = $1',
    [leadId],
  );
  return rows[0]?.erased ?? true;
}

async function suppress(
  tx: Tx,
  hash: IdentityHasher,
  identities: readonly Identity[],
  leadId: string,
): Promise<void> {
  for (const identity of identities) {
    const others =
      identity.kind === 'phone' ? (await leadsKnownBy(tx, [identity])).filter((id) => id !== leadId) : [];
    const channels = others.length > 0 ? (['sms', 'whatsapp', 'call'] as const) : ([null] as const);
    for (const channel of channels) {
      await suppressLocked(tx, hash, identity, [leadId, ...others], { channel, reason: 'erased' });
    }
  }
}

async function deleteIfEmpty(tx: Tx, companyId: string): Promise<void> {
  const { rows } = await tx.query('select from leads where company_id = $1 limit 1', [companyId]);
  if (rows.length > 0) return;
  await tx.query(`delete from pauses where scope = 'company' and scope_id = $1`, [companyId]);
  await tx.query('delete from companies where id = $1', [companyId]);
}
