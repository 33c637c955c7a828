/** What people do: calls, manual steps, reviews, touches that failed. */
import { z } from 'zod';
import { ring } from '../../operations/ring.ts';
import { deskTask, deskTasks, RANKED } from '../../../db/desk.ts';
import { timeline } from '../../../db/history.ts';
import { loadLead } from '../../../db/leads.ts';
import { findSender } from '../../../db/senders.ts';
import { completeTask, TASK_OUTCOMES } from '../../../db/tasks.ts';
import { readTouchById, touchSenderId } from '../../../db/touches.ts';
import { everybody, principalOf } from '../access/principal.ts';
import { assertSees, sightOf } from '../access/sight.ts';
import { byId, instant, listOf, page, pageOf, paging, placeOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';

const KINDS = ['call', 'task', 'linkedin', 'review', 'failed'] as const;

export const taskSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(KINDS),
    state: z.enum(['open', 'done', 'cancelled']),
    title: z.string(),
    body: z
      .string()
      .nullable()
      .describe('What the sequence says to say or do; null in a list that was not asked for `bodies`'),
    link: z.string().nullable(),
    assignee: z.string().nullable(),
    outcome: z.string().nullable(),
    note: z.string().nullable(),
    dueAt: instant,
    giveUpAt: instant.nullable().describe('Then the sequence goes on without it'),
    doneAt: instant.nullable(),
    touchId: z.uuid(),
    enrollmentId: z.uuid(),
    launchId: z.uuid(),
    visit: z.int().describe('How often its lead had come to the step, from 1'),
    leadId: z.uuid(),
    leadName: z.string().nullable(),
    leadTitle: z.string().nullable(),
    company: z.string().nullable(),
    timeZone: z.string().nullable(),
    sequence: z.string(),
    step: z.string(),
    channel: z.string(),
    waiting: z.boolean().describe('The lead wrote and waits for an answer'),
    engagement: z
      .enum(['replied', 'clicked'])
      .nullable()
      .describe('The strongest that the lead did in the last thirty days'),
    outcomes: listOf(z.string()).describe('What may come of it'),
  })
  .meta({ id: 'Task' });

const historySchema = z
  .object({
    at: instant,
    what: z.enum(['touch', 'event', 'decision', 'task', 'hit']),
    id: z.string(),
    sequence: z.string().nullable(),
    step: z.string().nullable(),
    channel: z.string().nullable(),
    state: z.string(),
    reason: z.string().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'TaskHistoryEntry' });

const taskDetail = z
  .object({
    task: taskSchema,
    script: z.string().describe('What the sequence says to say or do'),
    review: z
      .object({ subject: z.string().nullable(), text: z.string() })
      .nullable()
      .describe('What goes out when it is approved'),
    canRing: z.boolean().describe('There is a phone to ring first, and one of the lead'),
    lead: z.object({
      id: z.uuid(),
      name: z.string().nullable(),
      title: z.string().nullable(),
      company: z.string().nullable(),
      owner: z.string().nullable(),
      timeZone: z.string(),
      emails: listOf(z.string()),
      phones: listOf(z.string()),
      linkedinUrl: z.string().nullable(),
    }),
    history: listOf(historySchema).describe('Oldest first; the newest 200'),
  })
  .meta({ id: 'TaskDetail' });

/** Answers about one task are as large as its lead's history. */
const HISTORY = 200;

export function taskRoutes(app: Api, { db, clock, secrets, config, wake }: ApiDeps): void {
  const withOutcomes = <Task extends { kind: (typeof KINDS)[number] }>(task: Task) => ({
    ...task,
    outcomes: TASK_OUTCOMES[task.kind],
  });

  app.get('/tasks', {
    schema: {
      operationId: 'tasks.list',
      tags: ['Tasks'],
      summary: 'Tasks, the most worth first',
      description: `\`sort=worth\` (open tasks): what is due before what is not; then whose lead wrote and waits for an answer; then calls; then the rest. Among these whoever answered within thirty days, then whoever followed a link, then what has been due for longest. It orders the first ${RANKED} that are due.`,
      querystring: z.object({
        ...paging,
        state: z.enum(['open', 'done', 'cancelled']).default('open'),
        kind: z.enum(KINDS).optional(),
        assignee: z.string().max(200).optional(),
        leadId: z.uuid().optional(),
        launchId: z.uuid().optional(),
        bodies: z.stringbool().default(false).describe('Also what to say or do'),
        due: z.enum(['now', 'all']).default('all').describe('now: only what is due already'),
        sort: z
          .enum(['worth', 'dueAt', '-doneAt'])
          .optional()
          .describe('Default: worth, of closed ones -doneAt'),
      }),
      response: { 200: pageOf(taskSchema) },
    },
    config: { access: everybody('tasks:read') },
    handler: async (request) => {
      const { cursor, limit, state, kind, assignee, leadId, launchId, bodies, due } = request.query;
      const sort =
        state === 'open'
          ? request.query.sort === 'dueAt'
            ? 'dueAt'
            : 'worth'
          : request.query.sort === 'dueAt'
            ? 'dueAt'
            : '-doneAt';
      const list = `tasks.list ${sort}`;
      const place = placeOf(
        list,
        cursor,
        z.tuple([z.int().min(-1000).max(1000), z.iso.datetime(), z.uuid(), z.int().min(0).max(8e15)]),
      );
      const asOf = place?.[3] ?? clock.now();
      const rows = await deskTasks(db, sightOf(principalOf(request)), {
        state,
        sort,
        kind,
        assignee,
        leadId,
        launchId,
        bodies,
        dueBefore: due === 'now' ? new Date(asOf + 1) : undefined,
        asOf,
        after: place ? { rank: place[0], at: new Date(place[1]), id: place[2] } : null,
        limit: limit + 1,
      });
      return page(list, rows.map(withOutcomes), limit, (row) => [
        row.rank,
        (sort === '-doneAt' ? row.doneAt! : row.dueAt).toISOString(),
        row.id,
        asOf,
      ]);
    },
  });

  app.get('/tasks/:id', {
    schema: {
      operationId: 'tasks.read',
      tags: ['Tasks'],
      summary: 'A task, with its script and everything that happened to its lead',
      params: byId,
      response: { 200: taskDetail },
    },
    config: { access: everybody('tasks:read') },
    handler: async (request) => {
      const found = await deskTask(db, sightOf(principalOf(request)), request.params.id, clock.now());
      const [lead, past] = await Promise.all([
        loadLead(db, found.leadId),
        timeline(db, found.leadId, HISTORY),
      ]);
      const senderId = await touchSenderId(db, found.touchId);
      const sender = found.kind === 'call' && senderId !== null ? await findSender(db, senderId) : null;
      const content =
        found.kind === 'review' ? ((await readTouchById(db, found.touchId))?.content ?? null) : null;
      return {
        task: withOutcomes(found),
        script: found.body ?? '',
        review: content ? { subject: content.subject ?? null, text: content.text ?? '' } : null,
        canRing:
          found.state === 'open' &&
          sender?.provider === 'twilio' &&
          Boolean(sender.attributes.rep_number) &&
          lead.phones.length > 0,
        lead: {
          id: found.leadId,
          name: found.leadName,
          title: found.leadTitle,
          company: found.company,
          owner: lead.owner,
          timeZone: past.timeZone,
          emails: lead.emails,
          phones: lead.phones,
          linkedinUrl: lead.linkedinUrl,
        },
        history: past.entries.map((one) => ({ ...one, at: new Date(one.at) })),
      };
    },
  });

  app.post('/tasks/:id/complete', {
    schema: {
      operationId: 'tasks.complete',
      tags: ['Tasks'],
      summary: 'Say what came of a task; the sequence goes on where that leads',
      params: byId,
      body: z.object({
        outcome: z.string().max(50),
        note: z.string().max(10_000).nullable().default(null),
        edited: z
          .object({ subject: z.string().max(1000).optional(), text: z.string().max(100_000).optional() })
          .optional()
          .describe('Of an approved review: what goes out instead'),
      }),
      response: {
        200: z.object({
          task: taskSchema,
          stopped: z.int().describe('So many enrollments ended by it'),
        }),
      },
    },
    config: { access: everybody('tasks:write') },
    handler: async (request) => {
      const { id } = request.params;
      await assertSees(db, request, 'task', id);
      const { outcome, note, edited } = request.body;
      const changed = edited && {
        ...(edited.subject !== undefined && { subject: edited.subject }),
        ...(edited.text !== undefined && { text: edited.text }),
      };
      const done = await completeTask(db, id, { outcome, note, ...(changed && { edited: changed }) });
      wake({ enrollments: done.wake });
      const task = await deskTask(db, sightOf(principalOf(request)), id, clock.now());
      return { task: withOutcomes(task), stopped: done.stopped };
    },
  });

  app.post('/tasks/:id/ring', {
    schema: {
      operationId: 'tasks.ring',
      tags: ['Tasks'],
      summary: 'Click to call: ring the rep, and when the rep picks up, the lead',
      params: byId,
      response: { 200: z.object({ callId: z.string().nullable() }) },
    },
    config: { access: everybody('tasks:write') },
    handler: async (request) => {
      await assertSees(db, request, 'task', request.params.id);
      return ring({ db, secrets, publicUrl: config.publicUrl }, request.params.id);
    },
  });
}
