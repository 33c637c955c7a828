/** What is kept for how long. */
import { z } from 'zod';
import { LINK_HOURS, SESSION_DAYS } from '../../../db/access/sessions.ts';
import { countInactive, readRetention, writeRetention } from '../../../db/retention.ts';
import { admins } from '../access/principal.ts';
import { assertVersion, ifMatch, listOf, tag, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';

const months = z.int().min(3).max(120);
const settings = {
  inactiveLeadMonths: months
    .nullable()
    .describe(
      'Leads who have not given consent, are in no sequence, and of whom nothing came or went for so long are erased as by hand, and stay suppressed; null: never',
    ),
  auditMonths: months.nullable().describe('Entries of the audit are deleted after so long; null: never'),
};
const kept = z.object({
  what: z.enum([
    'raw_mail',
    'imported_files',
    'idempotency_keys',
    'sessions',
    'sign_in_links',
    'sign_in_failures',
  ]),
  days: z.int(),
  by: z
    .enum(['configuration', 'always'])
    .describe('configuration: CADENZA_RAW_MAIL_DAYS; always: nothing changes it'),
});
const retention = z.object({
  ...settings,
  fixed: listOf(kept).describe('What else goes by itself; everything that is not named here stays'),
  version: z.int(),
});

/** Counting further would cost more than anybody learns from it. */
const COUNTED = 5_000;

export function retentionRoutes(app: Api, { db, config }: ApiDeps): void {
  const fixed = (): z.output<typeof kept>[] => [
    { what: 'raw_mail', days: config.rawMailDays, by: 'configuration' },
    { what: 'imported_files', days: 1, by: 'always' },
    { what: 'idempotency_keys', days: 1, by: 'always' },
    { what: 'sessions', days: SESSION_DAYS, by: 'always' },
    { what: 'sign_in_links', days: LINK_HOURS / 24, by: 'always' },
    { what: 'sign_in_failures', days: 1, by: 'always' },
  ];
  const read = { access: admins('settings:read') };

  app.get('/retention', {
    schema: {
      operationId: 'retention.read',
      tags: ['Settings'],
      summary: 'What is kept for how long',
      response: { 200: retention },
    },
    config: read,
    handler: async (_request, reply) => {
      const found = await readRetention(db);
      void tag(reply, found.version);
      return { ...found, fixed: fixed() };
    },
  });

  app.get('/retention/preview', {
    schema: {
      operationId: 'retention.preview',
      tags: ['Settings'],
      summary: 'How many leads would be erased now, counted up to 100,000',
      querystring: z.object({ inactiveLeadMonths: z.coerce.number().int().min(3).max(120) }),
      response: { 200: z.object({ leads: z.int(), more: z.boolean() }) },
    },
    config: read,
    handler: async (request) => {
      const leads = await countInactive(db, request.query.inactiveLeadMonths, COUNTED + 1);
      return { leads: Math.min(leads, COUNTED), more: leads > COUNTED };
    },
  });

  app.put('/retention', {
    schema: {
      operationId: 'retention.write',
      tags: ['Settings'],
      summary: 'Say what is kept for how long; workers go by it within ten minutes',
      body: z.strictObject(settings),
      response: { 200: retention },
    },
    config: { access: admins(null) },
    handler: async (request, reply) => {
      const before = await readRetention(db);
      assertVersion(request, before.version);
      const written = await writeRetention(
        db,
        request.body,
        ifMatch(request) === null ? null : before.version,
      );
      void tag(reply, written.version);
      return { ...written, fixed: fixed() };
    },
  });
}
