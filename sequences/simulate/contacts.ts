import type { Action } from '../lead.ts';
import type { Instant } from '../plan.ts';

/** Actions that a lead feels as being contacted: what contact limits count. */
const CONTACTS: ReadonlySet<Action> = new Set<Action>([
  'email',
  'invite',
  'message',
  'sms',
  'whatsapp',
  'call',
]);
const WEEK_MS = 7 * 86_400_000;

/** Who was contacted when, for the limits across sequences. Entries come in the order of time. */
export interface ContactLog {
  add(contact: {
    readonly lead: string;
    readonly company: string | null;
    readonly enrollment: number;
    readonly action: Action;
    readonly at: Instant;
  }): void;
  /** When the lead was last contacted in another enrollment than this; null: never. */
  lastElsewhere(lead: string, enrollment: number): Instant | null;
  /** From when the company may be contacted again, given so many a week; null: now. */
  companyFreeAt(company: string, perWeek: number, now: Instant): Instant | null;
}

/** Whether contact limits concern a touch at all. */
export function isContact(action: Action): boolean {
  return CONTACTS.has(action);
}

export function createContactLog(): ContactLog {
  const byLead = new Map<string, { enrollment: number; at: Instant }[]>();
  const byCompany = new Map<string, Instant[]>();
  return {
    add({ lead, company, enrollment, action, at }) {
      if (!isContact(action)) return;
      push(byLead, lead, { enrollment, at });
      if (company !== null) push(byCompany, company, at);
    },
    lastElsewhere: (lead, enrollment) =>
      byLead.get(lead)?.findLast((contact) => contact.enrollment !== enrollment)?.at ?? null,
    companyFreeAt(company, perWeek, now) {
      const oldest = byCompany.get(company)?.at(-perWeek);
      return oldest === undefined || oldest + WEEK_MS <= now ? null : oldest + WEEK_MS;
    },
  };
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
