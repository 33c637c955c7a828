/** Where a consent is needed before a channel may be used. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readConsentPolicy, writeConsentPolicy } from '../../../db/consent.ts';
import type { ConsentPolicy } from '../../../sequences/consent.ts';
import { CONTACT_CHANNELS } from '../../../sequences/lead.ts';
import { admins } from '../access/principal.ts';
import { assertVersion, ifMatch, listOf, tag, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';

const channels = z.enum(CONTACT_CHANNELS);
const countries = 'The channels by country, as its ISO code such as DE; * is every country that is not named';
const answer = z.object({ policy: z.record(z.string(), listOf(channels)).describe(countries) });

const versionOf = (policy: ConsentPolicy): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(policy).toSorted(([one], [other]) => (one < other ? -1 : 1))))
    .digest('base64url')
    .slice(0, 22);

export function consentRoutes(app: Api, { db }: ApiDeps): void {
  app.get('/consent-policy', {
    schema: {
      operationId: 'consentPolicy.read',
      tags: ['Settings'],
      summary: 'Where a consent is needed before a channel may be used',
      response: { 200: answer },
    },
    config: { access: admins('settings:read') },
    handler: async (_request, reply) => {
      const policy = await readConsentPolicy(db);
      void tag(reply, versionOf(policy));
      return { policy };
    },
  });

  app.put('/consent-policy', {
    schema: {
      operationId: 'consentPolicy.write',
      tags: ['Settings'],
      summary: 'Replace it: in force for launches and sends that look from now on',
      body: z.strictObject({
        policy: z.record(z.string().max(10), z.array(channels).max(10)).describe(countries),
      }),
      response: { 200: answer },
    },
    config: { access: admins('settings:write') },
    handler: async (request, reply) => {
      const before = await readConsentPolicy(db);
      assertVersion(request, versionOf(before));
      const policy = await writeConsentPolicy(
        db,
        request.body.policy,
        ifMatch(request) === null ? null : before,
      );
      void tag(reply, versionOf(policy));
      return { policy };
    },
  });
}
