/** Which holidays are kept, and the days on which the company works otherwise. */
import { z } from 'zod';
import { calendarsInUse, readDaysOff, writeDaysOff } from '../../../db/days-off.ts';
import { calendarYear, localDay } from '../../../sequences/calendar/index.ts';
import { countryCode } from '../../../sequences/leads/countries.ts';
import { admins, everybody, principalOf } from '../access/principal.ts';
import { sightOf } from '../access/sight.ts';
import { assertVersion, ifMatch, listOf, tag, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../problem.ts';

const daysOff = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .refine((code) => countryCode(code) === code, 'is no country')
      .nullable()
      .describe('ISO 3166-1 alpha-2; null: everywhere'),
    from: z.iso.date(),
    to: z.iso.date().describe('The last day'),
    kind: z
      .enum(['off', 'works'])
      .describe('off: nothing is sent; works: holidays of these days do not count. The last one holds'),
  })
  .refine(({ from, to }) => from <= to && Date.parse(to) - Date.parse(from) <= 366 * 86_400_000, {
    path: ['to'],
    message: 'comes before the first day, or more than a year after it',
  })
  .meta({ id: 'DaysOff' });
const allDaysOff = z.object({ items: listOf(daysOff), version: z.int() });

export function calendarRoutes(app: Api, { db, clock }: ApiDeps): void {
  const read = { access: everybody('settings:read') };

  app.get('/calendars', {
    schema: {
      operationId: 'calendars.list',
      tags: ['Settings'],
      summary: 'The calendars by which leads in sequences are touched now',
      response: {
        200: z.object({
          items: listOf(
            z.object({
              place: z.string().describe('DE, or with a region DE-BY'),
              leads: z.int().describe('One’s leads of this country whose sequence keeps the lead’s holidays'),
              sequences: listOf(z.string()).describe('Sequences that name this place'),
            }),
          ),
        }),
      },
    },
    config: read,
    handler: async (request) => ({ items: await calendarsInUse(db, sightOf(principalOf(request))) }),
  });

  app.get('/calendars/:place', {
    schema: {
      operationId: 'calendars.read',
      tags: ['Settings'],
      summary: 'A country’s or region’s holidays, as they are kept',
      params: z.object({
        place: z
          .string()
          .regex(/^[A-Za-z]{2}(-[A-Za-z0-9]{1,4}){0,2}$/)
          .describe('DE, or with a region DE-BY'),
      }),
      querystring: z.object({
        year: z.coerce.number().int().min(2000).max(2100).optional().describe('This one when it is missing'),
        language: z.enum(['en', 'tr', 'de', 'fr', 'es', 'it', 'nl', 'pt']).optional(),
      }),
      response: {
        200: z.object({
          place: z.string(),
          year: z.int(),
          items: listOf(
            z.object({
              day: z.iso.date(),
              name: z.string(),
              kind: z
                .enum(['holiday', 'off', 'works'])
                .describe('off: of the company; works: a holiday on which it works'),
            }),
          ),
        }),
      },
    },
    config: read,
    handler: async (request) => {
      const place = request.params.place.toUpperCase();
      const { year = Number(localDay(clock.now(), 'UTC').slice(0, 4)), language = null } = request.query;
      const { items: company } = await readDaysOff(db);
      const items = calendarYear(place, year, { daysOff: company, language });
      if (!items) throw notFound('calendar');
      return { place, year, items };
    },
  });

  app.get('/days-off', {
    schema: {
      operationId: 'daysOff.read',
      tags: ['Settings'],
      summary: 'Days on which the company is closed, and holidays on which it works',
      response: { 200: allDaysOff },
    },
    config: read,
    handler: async (_request, reply) => {
      const found = await readDaysOff(db);
      void tag(reply, found.version);
      return found;
    },
  });

  app.put('/days-off', {
    schema: {
      operationId: 'daysOff.write',
      tags: ['Settings'],
      summary: 'Replace the company’s days off; slots keep them from now on',
      body: z.strictObject({ items: z.array(daysOff).max(500) }),
      response: { 200: allDaysOff },
    },
    config: { access: admins('settings:write') },
    handler: async (request, reply) => {
      const before = await readDaysOff(db);
      assertVersion(request, before.version);
      const { items } = request.body;
      const written = await writeDaysOff(db, items, ifMatch(request) === null ? null : before.version);
      void tag(reply, written.version);
      return written;
    },
  });
}
