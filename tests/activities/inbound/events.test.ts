import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../../db/db.ts';
import { recordLeadEvent } from '../../../db/events.ts';
import { createLaunch } from '../../../db/launches.ts';
import { readInbox } from '../../../db/inbox.ts';
import { suppress } from '../../../db/suppressions.ts';
import type { Plan, PlanNode, SequenceSettings } from '../../../sequences/plan.ts';
import { createTestDatabase } from '../../support/database.ts';
import {
  makeCompany,
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../../support/factories.ts';
import { countRetries } from '../../support/sending.ts';
import { hash, number, statusOf, world, type World } from './support.ts';

let db: Db;
let drop: () => Promise<void>;
let here: World;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  here = await world(db);
  await makeSender(db);
});
afterAll(() => drop());

const tell = (type: string, lead: Record<string, string>, data = {}, id: string = randomUUID()) =>
  here.arrive({
    source: 'events',
    kind: type,
    dedupeKey: `events:shop:${id}`,
    payload: { type, lead, data },
  });

/** Leads at one company, each in the sequence. */
async function under(
  plan: Partial<Plan>,
  { nodes = [touchNode('hello')] as readonly PlanNode[], size = 1, lead = {} } = {},
) {
  const version = await makeVersion(db, { plan: { ...makePlan(nodes), ...plan } });
  const launch = await makeLaunch(db, { versionId: version.id });
  const company = await makeCompany(db);
  const all = [];
  for (let i = 0; i < size; i++) {
    const { id: leadId, email } = await makeLead(db, { companyId: company.id, ...lead });
    const { id } = await makeEnrollment(db, { launchId: launch.id, leadId });
    all.push({ leadId, email: email!, id });
  }
  return all;
}

test('another system’s event stops the sequence that says so, where its condition holds, however often it is told', async () => {
  const stopOnEvents = [{ event: 'order.placed', where: 'data.total > 50', scope: 'lead' }] as const;
  const [ada, bob] = await under({ stopOnEvents }, { size: 2 });
  expect(await tell('order.placed', { email: ada!.email }, { total: 20 })).toBe('recorded');
  expect(await tell('order.placed', { email: ada!.email })).toBe('recorded');
  expect(await tell('order.placed', { email: ada!.email }, { total: 'much' })).toBe('recorded');
  expect(await tell('order.shipped', { email: ada!.email }, { total: 90 })).toBe('recorded');
  expect(await statusOf(db, ada!.id)).toMatch(/^running/);
  expect(await tell('order.placed', { email: ada!.email.toUpperCase() }, { total: 50.5 }, 'once')).toBe(
    'stopped',
  );
  expect(await statusOf(db, ada!.id)).toBe('stopped order.placed');
  expect(await tell('order.placed', { email: ada!.email }, { total: 90 }, 'once')).toBeNull();
  expect(await statusOf(db, bob!.id)).toMatch(/^running/);
});

test('a rule for the company stops everybody there, whoever’s sequence has it', async () => {
  const won = [{ event: 'deal.won', scope: 'company' }] as const;
  const [ada, bob] = await under({ stopOnEvents: won }, { size: 2 });
  expect(await tell('deal.won', { id: ada!.leadId })).toBe('stopped');
  expect([await statusOf(db, ada!.id), await statusOf(db, bob!.id)]).toEqual([
    'stopped deal.won',
    'stopped company_deal.won',
  ]);
});

test('a step that waits for just that event goes on instead; only the name leaves PostgreSQL', async () => {
  const wait = {
    id: 'order', kind: 'wait_for', event: 'order.placed', where: 'data.total >= 100', within: { unit: 'days', amount: 5 },
    then: 'hello', otherwise: null,
  } as const; // prettier-ignore
  const [ada] = await under(
    { stopOnEvents: [{ event: 'order.placed', scope: 'lead' }] },
    { nodes: [wait, touchNode('hello')] },
  );
  const state = { step: 'order', waits: [], phase: 'sleeping', seen: 0 };
  await db.query('update enrollments set engine = $2 where id = $1', [ada!.id, { state }]);
  expect(await tell('order.placed', { email: ada!.email }, { total: 100, note: 'call me' })).toBe('recorded');
  const inbox = await readInbox(db, ada!.id, 0);
  expect(inbox).toMatchObject([{ type: 'outside', name: 'order.placed', met: ['order'], stop: true }]);
  expect(JSON.stringify(inbox)).not.toContain('call me');
  // Less than it waits for: the stop rule has no condition.
  expect(await tell('order.placed', { email: ada!.email }, { total: 1 })).toBe('stopped');
});

test('a lead is found by whatever the other system knows; a number that several share says nothing', async () => {
  const phone = number();
  const [ada] = await under({}, { lead: { phone, externalId: `crm-${randomUUID()}` } });
  const { rows } = await db.query<{ external_id: string }>('select external_id from leads where id = $1', [
    ada!.leadId,
  ]);
  for (const lead of [
    { external_id: rows[0]!.external_id },
    { phone: phone.replace('+49', '0049 ') },
    { email: 'nobody@else.example', phone },
  ])
    expect(await tell('page.visited', lead)).toBe('recorded');
  expect(await tell('page.visited', { email: 'nobody@else.example' })).toBe('unknown_lead');
  await makeLead(db, { phone });
  expect(await tell('page.visited', { phone })).toBe('ambiguous_lead');
  expect(await tell('meeting_booked', { id: ada!.leadId })).toBe('stopped');
});

async function standing(settings: Partial<SequenceSettings> = {}) {
  const enrollOn = [{ event: 'cart.abandoned', where: 'data.total > 10' }] as const;
  const { id: versionId } = await makeVersion(db, {
    plan: makePlan([touchNode('hello')]),
    settings: { enrollOn, ...settings },
  });
  return createLaunch(db, {
    versionId,
    name: `cart ${versionId}`,
    timeZone: 'UTC',
    senderIds: null,
    onEvents: true,
  });
}

test('an event enrolls its lead in the launch that stands open for it, once, as any launch would', async () => {
  const launch = await standing();
  const count = async () =>
    (await db.query('select from enrollments where launch_id = $1', [launch.id])).rowCount;
  const [ada, bob, eve] = [await makeLead(db), await makeLead(db), await makeLead(db)];
  expect(await tell('cart.abandoned', { email: ada.email! }, { total: 5 })).toBe('recorded');
  expect(await tell('cart.abandoned', { email: ada.email! }, { total: 20 }, 'cart-1')).toBe('enrolled');
  expect(here.woken).toContain(launch.id);
  expect(await tell('cart.abandoned', { email: ada.email! }, { total: 20 }, 'cart-1')).toBeNull();
  expect(await tell('cart.abandoned', { email: ada.email! }, { total: 30 })).toBe(
    'not_enrolled:already_active',
  );
  await suppress(db, hash, { leadId: bob.id }, { channel: null, reason: 'asked' });
  expect(await tell('cart.abandoned', { email: bob.email! }, { total: 20 })).toBe('not_enrolled:suppressed');
  const { rows } = await db.query('select reason from launch_exclusions where launch_id = $1', [launch.id]);
  expect(rows).toEqual([{ reason: 'suppressed' }]);
  expect(await count()).toBe(1);
  // Through it, and back: another cart is another reason to write.
  await db.query(`update enrollments set status = 'finished' where launch_id = $1`, [launch.id]);
  expect(await tell('cart.abandoned', { email: ada.email! }, { total: 20 })).toBe('enrolled');
  await db.query(`update launches set status = 'stopped' where id = $1`, [launch.id]);
  expect(await tell('cart.abandoned', { email: eve.email! }, { total: 20 })).toBe('recorded');
});

test('events that come together enroll together: none makes another’s transaction start anew', async () => {
  await standing();
  const leads = await Promise.all(Array.from({ length: 20 }, () => makeLead(db)));
  const counted = countRetries(db);
  const effects = await Promise.all(
    leads.map(({ id }) =>
      recordLeadEvent(counted.db, hash, { leadId: id, type: 'cart.abandoned', data: { total: 20 } }),
    ),
  );
  expect(effects.every(({ enrolled }) => enrolled.some(({ refused }) => refused === null))).toBe(true);
  expect(counted.retries()).toBe(0);
});
