import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLaunchActivities } from '../../activities/launch.ts';
import { createLogger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import { lookAgain } from '../../db/look-again.ts';
import { launchesToPace } from '../../db/pacing.ts';
import { pause, resume } from '../../db/pauses.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  databaseClock,
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

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY, 1);
});
afterAll(() => drop());

test('a launch whose last leads are paused is looked at rarely, until somebody resumes them', async () => {
  await makeSender(db);
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const { id: launchId } = await makeLaunch(db, { versionId: version.id });
  const { id: leadId } = await makeLead(db);
  const { id } = await makeEnrollment(db, { launchId, leadId, status: 'pending' });
  const lead = { scope: 'lead', scopeId: leadId } as const;
  await pause(db, { ...lead, reason: 'test' });
  const woken: string[] = [];
  const { startNext } = createLaunchActivities({
    db,
    clock: await databaseClock(db),
    log: createLogger({ level: 'silent' }),
    waker: {
      enrollments: async (ids) => void woken.push(...ids),
      missing: async () => {},
      ended: async () => {},
      open: async () => 0,
      launch: async () => {},
      endpoint: async () => {},
      missingEndpoint: async () => {},
      missingMailbox: async () => {},
      terminate: async () => {},
    },
  });
  expect(await startNext({ launchId })).toEqual({ pending: 1, lookAgainMs: 3_600_000 });
  expect(await launchesToPace(db)).toEqual([]);
  await resume(db, lead);
  expect(await lookAgain(db, null)).toEqual([launchId]);
  expect(await startNext({ launchId })).toEqual({ pending: 0, lookAgainMs: 0 });
  expect(woken).toEqual([id]);
});
