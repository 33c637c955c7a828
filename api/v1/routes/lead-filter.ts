/** What leads are looked for by, as query parameters. */
import { z } from 'zod';
import { LEAD_STATUSES, type LeadFilter } from '../../../db/lead-list.ts';

const text = z.string().trim().min(1).max(200);
const days = z.coerce.number().int().min(1).max(3650);

export const leadFilter = {
  q: text.optional().describe('Parts of words of the name, company or email, all of them'),
  owner: text.optional(),
  unowned: z.stringbool().optional().describe('Whom nobody owns'),
  company: text.optional(),
  title: text.optional().describe('A part of it'),
  persona: text.optional(),
  language: text.optional().describe('A language tag; `de` is also `de-AT`'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  consent: z.enum(['unknown', 'given', 'refused']).optional(),
  status: z.enum(LEAD_STATUSES).optional(),
  sequence: text.optional().describe('Is or was in it'),
  launchId: z.uuid().optional(),
  did: text.optional().describe('An event such as opened, clicked, replied, bounced, meeting_booked'),
  withinDays: days.optional().describe('With `did`: in so many last days'),
  silentDays: days.optional().describe('Was touched, and nothing came or went for so many days'),
  attribute: text.optional().describe('A custom attribute that the lead has'),
  is: z.string().max(500).optional().describe('With `attribute`: what it is'),
};

/** Without what is no filter. */
export const filterOf = (query: LeadFilter): LeadFilter =>
  Object.fromEntries(
    Object.keys(leadFilter).map((key) => [key, query[key as keyof LeadFilter]]),
  ) as LeadFilter;
