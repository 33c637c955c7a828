import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSecrets } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import { addEndpoint } from '../../db/endpoints.ts';
import { sweep } from '../../worker/sweep.ts';
import { createTestDatabase } from '../support/database.ts';
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
import { bookNow, trySending } from '../support/sending.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
});
afterAll(() => drop());

test('promise 2: one lead, launch or touch that fails keeps no other from its turn', async () => {
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const launchId = (await makeLaunch(db, { versionId: version.id })).id;
  const senderId = (await makeSender(db)).id;
  const overdue: string[] = [];
  const sending: string[] = [];
  for (let i = 0; i < 4; i++) {
    const { id: leadId } = await makeLead(db);
    const { id: enrollmentId } = await makeEnrollment(db, { launchId, leadId });
    if (i < 2) {
      await db.query(
        `update enrollments set next_at = $2, next_action = 'touch', touched_wall = clock_timestamp() - interval '1 minute' where id = $1`,
        [enrollmentId, new Date(TUESDAY - (5 - i) * 60_000)],
      );
      overdue.push(enrollmentId);
    } else {
      const touch = await bookNow(db, { enrollmentId, leadId, launchId, companyId: null, senderId });
      await trySending(db, touch);
      await db.query(`update touches set lease_until = clock_timestamp() - interval '1 s' where id = $1`, [
        touch.touchId,
      ]);
      sending.push(touch.touchId);
    }
  }
  const secrets = createSecrets([{ id: 'test', key: randomBytes(32) }]);
  const endpoint = await addEndpoint(
    db,
    secrets,
    { url: 'https://crm.example.com/hook' },
    { allowPrivate: false },
  );

  const asked: string[] = [];
  const ask =
    (fails: boolean) =>
    async (ids: string | readonly string[]): Promise<void> => {
      asked.push(...[ids].flat());
      if (fails) throw new Error('refused');
    };
  const swept = sweep({
    db,
    log: createLogger({ level: 'silent' }),
    waker: {
      enrollments: ask(true),
      missing: ask(false),
      ended: ask(false),
      open: async () => 0,
      launch: ask(false),
      endpoint: ask(false),
      missingEndpoint: ask(false),
      missingMailbox: ask(false),
      terminate: ask(false),
    },
    settleExpired: ({ touchId }) => ask(touchId === sending[0])(touchId),
  });
  await expect(swept).rejects.toThrow('refused');
  expect(asked).toEqual(expect.arrayContaining([...overdue, ...sending, endpoint.id]));
});
