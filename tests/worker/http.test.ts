import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { unsubscribeUrl } from '../../api/unsubscribe-url.ts';
import { createUnsubscribeTokens } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import { createHttp } from '../../worker/http.ts';
import type { Services } from '../../worker/services.ts';
import { createTestDatabase } from '../support/database.ts';
import { identityHash } from '../support/enrollment-host.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../support/factories.ts';
import { bookNow } from '../support/sending.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
});
afterAll(() => drop());

test('promise 3: unsubscribing holds and is answered while Temporal is away', async () => {
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const { id: launchId } = await makeLaunch(db, { versionId: version.id });
  const { id: leadId } = await makeLead(db);
  const { id: enrollmentId } = await makeEnrollment(db, { launchId, leadId });
  const senderId = (await makeSender(db)).id;
  const { touchId } = await bookNow(db, { enrollmentId, leadId, launchId, companyId: null, senderId });
  const tokens = createUnsubscribeTokens([randomBytes(32)]);
  const http = await createHttp({
    config: { publicUrl: 'http://127.0.0.1:9', http: { host: '127.0.0.1', port: 0 } },
    db,
    tokens,
    hashIdentity: identityHash,
    log: createLogger({ level: 'silent' }),
    waker: () => Promise.reject(new Error('Temporal does not answer')),
  } as unknown as Services);
  try {
    const answer = await fetch(unsubscribeUrl(http.url, tokens)(touchId), {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    });
    expect(answer.status).toBe(200);
    const { rows } = await db.query('select status, reason from enrollments where id = $1', [enrollmentId]);
    expect(rows).toEqual([{ status: 'stopped', reason: 'unsubscribed' }]);
  } finally {
    await http.close();
  }
});

test('without a built web app the start says how to build it, and so do the app’s addresses', async () => {
  const lines: string[] = [];
  const services = {
    config: { publicUrl: 'http://127.0.0.1:9', http: { host: '127.0.0.1', port: 0 } },
    db,
    log: createLogger({ destination: { write: (line) => void lines.push(line) } }),
  } as unknown as Services;
  const http = await createHttp(services, '/nowhere/dist');
  try {
    expect(http.app).toBe(false);
    expect(lines.filter((line) => line.includes('npm run build:web'))).toHaveLength(1);
    for (const path of ['/', '/today', '/leads/some-lead', '/sign-in?error=expired']) {
      const answer = await fetch(`${http.url}${path}`, { headers: { accept: 'text/html' } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
      expect(await answer.text()).toContain('npm run build:web');
    }
    expect((await fetch(`${http.url}/elsewhere`)).status).toBe(404);
  } finally {
    await http.close();
  }
});
