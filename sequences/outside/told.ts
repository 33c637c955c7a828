import * as z from 'zod';
import { OUTSIDE_EVENT, type OutsideEvent } from '../plan.ts';

/** Cadenza's own events that another system may tell of a lead; the rest is what providers see. */
const TELLABLE = ['meeting_booked', 'replied', 'unsubscribed', 'goal'] as const;

const text = z.string().trim().min(1).max(500);

/** The body of an event that another system tells. */
export const toldEventSchema = z.strictObject({
  type: z
    .union([z.enum(TELLABLE), z.custom<OutsideEvent>((value) => OUTSIDE_EVENT.test(String(value)))], {
      error: `expected words joined by dots, such as order.placed, or one of ${TELLABLE.join(', ')}`,
    })
    .describe('What happened'),
  lead: z
    .strictObject({
      id: z.uuid().optional(),
      external_id: text.optional(),
      email: text.optional(),
      phone: text.optional(),
      linkedin_url: text.optional(),
    })
    .refine((lead) => Object.values(lead).some((value) => value !== undefined), {
      error: 'expected one of id, external_id, email, phone, linkedin_url',
    })
    .describe('Whom it is about; the first that is given and known counts'),
  at: z.iso.datetime({ offset: true }).optional().describe('When; now unless given'),
  data: z.record(z.string().max(200), z.json()).optional().describe('What rules may ask about'),
});
