/** Colleagues, and what is handed over to them. */
import { z } from 'zod';
import { listColleagues, readUser, type User } from '../../../db/access/users.ts';
import { countHandOver, handOver } from '../../../db/hand-over.ts';
import { assertColleague } from '../access/team.ts';
import { everybody, managers, principalOf } from '../access/principal.ts';
import { byId, listOf, type Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problem.ts';

const handedLeads = z
  .union([
    z.literal('all'),
    z.strictObject({ ids: z.array(z.uuid()).min(1).max(1000) }),
    z.strictObject({ sequence: z.string().trim().min(1).max(200).describe('Who is or was in it') }),
  ])
  .meta({ id: 'HandedLeads' });

export function handOverRoutes(app: Api, { db }: ApiDeps): void {
  app.get('/colleagues', {
    schema: {
      operationId: 'users.colleagues',
      tags: ['Users'],
      summary: 'Who may take somebody’s place: of the own team, without one everybody',
      response: {
        200: z.object({
          items: listOf(
            z.object({ id: z.uuid(), name: z.string(), email: z.string(), team: z.string().nullable() }),
          ),
        }),
      },
    },
    config: { access: everybody('settings:read') },
    handler: async (request) => {
      const { user } = principalOf(request);
      return { items: await listColleagues(db, user.role === 'admin' ? null : user.team) };
    },
  });

  app.post('/users/:id/hand-over', {
    schema: {
      operationId: 'users.handOver',
      tags: ['Users'],
      summary: 'Give somebody’s leads, with their conversations and open tasks, to a colleague',
      params: byId,
      body: z.strictObject({
        to: z.uuid(),
        leads: handedLeads,
        tasks: z
          .boolean()
          .default(true)
          .describe('Also the open tasks; without, they stay with who has them'),
        dryRun: z.boolean().default(false).describe('Only count'),
      }),
      response: {
        200: z.object({
          leads: z.int(),
          tasks: z.int(),
          conversations: z.int().describe('Of these leads so many wait for an answer; they go with the lead'),
          more: z.boolean().describe('There are more than 10,000: do it again'),
        }),
      },
    },
    config: { access: managers('leads:write') },
    handler: async (request) => {
      const { to: toId, leads, tasks, dryRun } = request.body;
      const { user } = principalOf(request);
      const from = assertColleague(user, await readUser(db, request.params.id));
      const to = assertColleague(user, await readUser(db, toId));
      assertTakes(from, to);
      const order = { from, to, leads, tasks, by: user.email };
      return dryRun ? countHandOver(db, order) : handOver(db, order);
    },
  });
}

/** @throws HttpProblem 422 */
function assertTakes(from: User, to: User): void {
  if (from.id === to.id)
    throw new HttpProblem(422, 'same_user', 'Say which colleague: these are theirs already.');
  if (to.disabledAt !== null)
    throw new HttpProblem(
      422,
      'user_disabled',
      `${to.name} may not sign in, and could do nothing with them.`,
    );
}
