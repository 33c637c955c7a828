/** Senders: the mailboxes, accounts and numbers by which leads are reached. Credentials go in and never come out. */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { checkCallbackUrl, UrlRefusedError } from '../../../common/network.ts';
import { lookAgain } from '../../../db/look-again.ts';
import { mailboxErrors } from '../../../db/mailboxes.ts';
import { DAYS, MOST_SENDERS, senderDays } from '../../../db/sender-days.ts';
import { usedToday } from '../../../db/sender-load.ts';
import {
  findSender,
  listSenders,
  repairSender,
  type NewSender,
  type Sender,
  type SenderChanges,
} from '../../../db/senders.ts';
import { ACTIONS, CHANNELS } from '../../../sequences/lead.ts';
import { checkSender } from '../../operations/check-sender.ts';
import { addCheckedSender, changeSender } from '../../operations/keep-sender.ts';
import { admins, managers } from '../access/principal.ts';
import { assertVersion, byId, instant, listOf, tag, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';

const count = z.int().min(0).max(100_000);
const caps = z.partialRecord(z.enum(ACTIONS), z.object({ day: count.optional(), week: count.optional() }));
const rampUp = z.object({ start: count, add_per_day: count, from: z.iso.date() });
const reputation = z.object({
  bounced_percent: z.number().positive().max(100).optional(),
  complaints: z.int().min(1).max(1000).optional(),
});

const senderSchema = z
  .object({
    id: z.uuid(),
    channel: z.enum(CHANNELS),
    provider: z.string(),
    name: z.string(),
    address: z.string(),
    owner: z.string().nullable(),
    timeZone: z.string(),
    attributes: z.record(z.string(), z.string()),
    settings: z.record(z.string(), z.unknown()),
    hasCredentials: z.boolean(),
    caps: z.partialRecord(z.enum(ACTIONS), z.object({ day: z.int().nullish(), week: z.int().nullish() })),
    rampUp: z.object({ start: z.int(), add_per_day: z.int(), from: z.string() }).nullable(),
    minGapSeconds: z.int(),
    jitterSeconds: z.int(),
    reputation,
    brokenReason: z.string().nullable(),
    brokenAt: instant.nullable(),
    paused: z.boolean(),
    mailboxError: z.string().nullable().describe('Why its mailbox cannot be read'),
    usedToday: z
      .partialRecord(z.enum(ACTIONS), z.int())
      .describe('Booked or sent on its present local day, by action'),
  })
  .meta({ id: 'Sender' });

const daysSchema = z
  .object({
    senderId: z.uuid(),
    days: listOf(
      z.object({
        day: z.iso.date().describe('Its own local day'),
        used: z.int().describe('Booked, under way or sent'),
        bounced: z.int().describe('Came back, or refused because the address does not exist'),
        complained: z.int(),
        failed: z.int().describe('Attempts that did not go out for another reason'),
      }),
    ).describe('The oldest first'),
    bouncedPercent: z.number().describe('From how many bounces in a hundred messages it is paused'),
  })
  .meta({ id: 'SenderDays' });
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const manyIds = z
  .string()
  .regex(
    new RegExp(`^${UUID}(?:,${UUID}){0,${MOST_SENDERS - 1}}$`),
    `is 1 to ${MOST_SENDERS} ids with commas between`,
  )
  .transform((ids) => ids.split(','));

const text = z.string().trim().min(1).max(200);
const fields = {
  provider: z.string().max(60),
  name: text,
  owner: text.nullable(),
  timeZone: z.string().max(100),
  attributes: z.record(z.string().max(100), z.string().max(1000)),
  settings: z.record(z.string().max(100), z.unknown()),
  credentials: z
    .record(z.string().max(100), z.string().max(10_000))
    .nullable()
    .describe('Stored encrypted, never shown'),
  caps,
  rampUp: rampUp.nullable(),
  minGapSeconds: z.int().min(0).max(86_400),
  jitterSeconds: z.int().min(0).max(86_400),
  reputation,
};

/**
 * Refuses settings by which this server would talk to itself or into the own network. Names are not looked up: TLS has to know
 * whom they lead to.
 * @throws HttpProblem 422
 */
function assertOutside(settings: Readonly<Record<string, unknown>> | undefined): void {
  for (const [name, value] of Object.entries(settings ?? {})) {
    if (typeof value === 'object' && value !== null)
      assertOutside(value as Readonly<Record<string, unknown>>);
    if (typeof value !== 'string' || !/^host$|url$/i.test(name)) continue;
    const url = name === 'host' ? `https://${isIPv6(value) ? `[${value}]` : value}` : value;
    try {
      checkCallbackUrl(url, { allowPrivate: false });
    } catch (error) {
      if (!(error instanceof UrlRefusedError)) throw error;
      throw new HttpProblem(
        422,
        'url_refused',
        `settings.${name}: ${value} is not reached by https or TLS on the public internet. Such senders are added from the terminal, or where CADENZA_ALLOW_PRIVATE_ENDPOINTS is set.`,
      );
    }
  }
}

export function senderRoutes(app: Api, deps: ApiDeps): void {
  const { db, wake, config } = deps;
  const read = { access: managers('senders:read') };
  const write = { access: admins('senders:write') };
  const told = async (sender: Sender) => ({
    ...sender,
    mailboxError: (await mailboxErrors(db)).get(sender.id)?.error ?? null,
    usedToday: (await usedToday(db, [sender.id])).get(sender.id) ?? {},
  });
  const versionOf = (sender: Sender) =>
    createHash('sha256')
      .update(JSON.stringify({ ...sender, paused: null }))
      .digest('base64url')
      .slice(0, 22);

  app.get('/senders', {
    schema: {
      operationId: 'senders.list',
      tags: ['Senders'],
      summary: 'Every sender, with what is wrong with it',
      response: { 200: z.object({ items: listOf(senderSchema) }) },
    },
    config: read,
    handler: async () => {
      const errors = await mailboxErrors(db);
      const all = await listSenders(db);
      const used = await usedToday(
        db,
        all.map(({ id }) => id),
      );
      return {
        items: all.map((one) => ({
          ...one,
          mailboxError: errors.get(one.id)?.error ?? null,
          usedToday: used.get(one.id) ?? {},
        })),
      };
    },
  });

  app.get('/senders/days', {
    schema: {
      operationId: 'senders.days',
      tags: ['Senders'],
      summary: `What senders did on each of their last ${DAYS} days, today included: what was sent or is booked, and what went wrong`,
      querystring: z.object({ ids: manyIds }),
      response: { 200: z.object({ items: listOf(daysSchema) }) },
    },
    config: read,
    handler: async (request) => ({ items: await senderDays(db, request.query.ids) }),
  });

  app.get('/senders/:id', {
    schema: {
      operationId: 'senders.read',
      tags: ['Senders'],
      summary: 'A sender',
      params: byId,
      response: { 200: senderSchema },
    },
    config: read,
    handler: async (request, reply) => {
      const sender = await findSender(db, request.params.id);
      void tag(reply, versionOf(sender));
      return told(sender);
    },
  });

  app.post('/senders', {
    schema: {
      operationId: 'senders.add',
      tags: ['Senders'],
      summary: 'Add a sender; its settings are checked, nobody is asked',
      body: z.object({
        ...fields,
        channel: z.enum(CHANNELS),
        address: text,
        owner: fields.owner.optional(),
        attributes: fields.attributes.optional(),
        settings: fields.settings.optional(),
        credentials: fields.credentials.optional(),
        caps: caps.optional(),
        rampUp: fields.rampUp.optional(),
        minGapSeconds: fields.minGapSeconds.optional(),
        jitterSeconds: fields.jitterSeconds.optional(),
        reputation: reputation.optional(),
      }),
      response: { 201: senderSchema },
    },
    config: write,
    handler: async (request, reply) => {
      if (!config.allowPrivateEndpoints) assertOutside(request.body.settings);
      const sender = await addCheckedSender(deps, given(request.body) as NewSender);
      request.auditTarget = sender.id;
      wake({ launches: await lookAgain(db, null) });
      void tag(reply, versionOf(sender));
      return reply.code(201).send(await told(sender));
    },
  });

  app.patch('/senders/:id', {
    schema: {
      operationId: 'senders.change',
      tags: ['Senders'],
      summary: 'Change the given things of a sender; new caps hold from the next send on',
      params: byId,
      body: z
        .object({
          ...fields,
          credentials: z
            .record(z.string().max(100), z.string().max(10_000).nullable())
            .nullable()
            .describe('Those given replace those of the same name; null takes one away, or all of them'),
        })
        .partial(),
      response: { 200: senderSchema },
    },
    config: write,
    handler: async (request, reply) => {
      const before = await findSender(db, request.params.id);
      assertVersion(request, versionOf(before));
      if (!config.allowPrivateEndpoints) assertOutside(request.body.settings);
      const sender = await changeSender(deps, before, given(request.body) as SenderChanges);
      void tag(reply, versionOf(sender));
      return told(sender);
    },
  });

  app.post('/senders/:id/check', {
    schema: {
      operationId: 'senders.check',
      tags: ['Senders'],
      summary: 'Check that a sender works: settings, logins, DNS records, clock',
      params: byId,
      response: {
        200: z.object({
          ok: z.boolean(),
          checks: listOf(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
        }),
      },
    },
    config: { access: managers('senders:read') },
    handler: async (request) => {
      const checks = await checkSender(deps, await findSender(db, request.params.id));
      return { ok: checks.every(({ ok }) => ok), checks };
    },
  });

  app.post('/senders/:id/repair', {
    schema: {
      operationId: 'senders.repair',
      tags: ['Senders'],
      summary: 'Say that a broken sender works again; its leads go on',
      params: byId,
      response: { 200: z.object({ repaired: z.boolean().describe('false: it was not broken') }) },
    },
    config: write,
    handler: async (request) => {
      const repaired = await repairSender(db, request.params.id);
      if (repaired) wake({ launches: await lookAgain(db, null) });
      return { repaired };
    },
  });
}

/** Without what was left out. */
function given<Body extends object>(body: Body): { [Key in keyof Body]: Exclude<Body[Key], undefined> } {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Body]: Exclude<Body[Key], undefined>;
  };
}
