import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Waker } from '../../activities/waker.ts';
import { createLogger } from '../../common/log.ts';
import { stopEnrollment } from '../../db/controls.ts';
import type { Db } from '../../db/db.ts';
import { sweep } from '../../worker/sweep.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

test('promise 2: a workflow whose enrollment was stopped is told until it has been told, so that none sleeps for ever', async () => {
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const enroll = async (status: 'pending' | 'running') =>
    (await makeEnrollment(db, { launchId: launch.id, leadId: (await makeLead(db)).id, status })).id;
  const slept = await enroll('running');
  const neverBegan = await enroll('pending');
  await stopEnrollment(db, slept);
  await stopEnrollment(db, neverBegan);
  await db.query(`update enrollments set touched_wall = clock_timestamp() - interval '1 minute'`);

  const told: string[][] = [];
  let away = true;
  const nobody = async () => {};
  const waker: Waker = {
    enrollments: nobody,
    missing: nobody,
    open: async () => 0,
    launch: nobody,
    endpoint: nobody,
    missingEndpoint: nobody,
    missingMailbox: nobody,
    terminate: nobody,
    async ended(ids) {
      if (away) throw new Error('Temporal is away');
      told.push([...ids]);
    },
  };
  const once = () => sweep({ db, waker, log: createLogger({ level: 'silent' }), settleExpired: nobody });
  await expect(once()).rejects.toThrow('away');
  away = false;
  await once();
  await once();
  expect(told).toEqual([[slept], []]);
});
