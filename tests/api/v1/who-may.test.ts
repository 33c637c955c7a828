/** Who may do what, from one table: every operation of the API has a row, and is tried by everybody. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SCOPES } from '../../../api/v1/access/principal.ts';
import { apiDocument } from '../../../api/v1/index.ts';
import { ROLES, type Role } from '../../../db/access/users.ts';
import { startApi, type Client, type TestApi } from './support.ts';
import { WHO_MAY } from './who-may-table.ts';

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
}

const document = (await apiDocument()) as {
  paths: Record<
    string,
    Record<string, { operationId: string; 'x-roles'?: string[]; 'x-scope'?: string | null }>
  >;
};
const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({
    id: operationId,
    method: method.toUpperCase(),
    path: path.replace(/^\/v1/, '').replace(/\{\w+\}/g, randomUUID()),
  })),
);

let api: TestApi;
let sessions: Record<Role, Client>;
let keys: Record<Role, Client>;
let powerless: Client;
beforeAll(async () => {
  api = await startApi();
  const each = async (make: (role: Role) => Promise<Client>) =>
    Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await make(role)]))) as Record<
      Role,
      Client
    >;
  sessions = await each((role) => api.signedIn({ role }));
  keys = await each((role) => api.withKey({ role }));
  powerless = await api.withKey({ role: 'admin' }, []);
});
afterAll(() => api.close());

test('every operation has its row, and no row is left over', () => {
  expect(operations.map(({ id }) => id).toSorted()).toEqual(Object.keys(WHO_MAY).toSorted());
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
});

test('the document says the same as the table', () => {
  for (const methods of Object.values(document.paths))
    for (const operation of Object.values(methods)) {
      const row = WHO_MAY[operation.operationId]!;
      const said =
        operation['x-roles'] === undefined
          ? 'anyone'
          : `${operation['x-roles'][0]}${operation['x-scope'] === null ? '' : ` ${operation['x-scope']}`}`;
      expect(`${operation.operationId}: ${said}`).toBe(`${operation.operationId}: ${row}`);
    }
});

// What a session is ended by, or a password changed with, is tried by its own tests.
const OWN = new Set(['session.signOut', 'me.setPassword']);

describe.each(operations.filter(({ id }) => WHO_MAY[id] !== 'anyone' && !OWN.has(id)))(
  '$id',
  ({ id, method, path }) => {
    const [least, scope] = (WHO_MAY[id] ?? '').split(' ') as [Role, string | undefined];
    const may = (role: Role) => ROLES.indexOf(role) >= ROLES.indexOf(least);
    const body = method === 'GET' || method === 'DELETE' ? undefined : {};
    const statusOf = (client: Omit<Client, 'user'>) => client.status(method, path, body);

    test('is closed to who is not signed in', async () => {
      expect(await statusOf(api.anonymous())).toBe(401);
    });

    test.each(ROLES)('is open to a %s, or not', async (role) => {
      const status = await statusOf(sessions[role]);
      if (may(role)) expect([401, 403]).not.toContain(status);
      else expect(status).toBe(403);
      expect(status).toBeLessThan(500);
    });

    test('takes keys with its scope only', async () => {
      expect(await statusOf(powerless)).toBe(scope === 'any' ? 200 : 403);
      const status = await statusOf(keys.admin);
      if (scope === undefined) expect(status).toBe(403);
      else {
        expect([...SCOPES, 'any']).toContain(scope);
        expect([401, 403]).not.toContain(status);
      }
    });
  },
);
