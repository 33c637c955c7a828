import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../db/db.ts';
import { CopyWouldHold, publishCopy } from '../../db/publish-copy.ts';
import { CopyNotPublished, listSequences, loadNewest, loadVersion, publish } from '../../db/sequences.ts';
import type { CompiledSequence, StepCopy } from '../../sequences/plan.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeEnrollment, makeLaunch, makeLead, makePlan, SETTINGS, touchNode } from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

const plan = makePlan([touchNode('hello'), touchNode('again'), touchNode('bye')]);

function compiled(
  name: string,
  steps: Record<string, StepCopy> = {},
  structureHash = 's1',
): CompiledSequence {
  const copy = {
    steps: { hello: { body: 'Hello' }, again: { body: 'Again' }, bye: { body: 'Bye' }, ...steps },
    unsubscribeFooter: null,
  };
  return {
    name,
    title: name,
    plan,
    settings: SETTINGS,
    copy,
    structureHash,
    copyHash: JSON.stringify(copy),
    source: '',
  };
}

test('promise 10: a new structure is a new version, the same one is not; other copy is never published on the way', async () => {
  const first = await publish(db, compiled('a'));
  expect(first).toMatchObject({ revision: 1, outcome: 'new_version' });
  expect(await publish(db, compiled('a'))).toEqual({ ...first, outcome: 'unchanged' });
  const other = compiled('a', { again: { body: 'Changed' } });
  const error = await publish(db, other).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CopyNotPublished);
  expect(error).toMatchObject({ steps: ['again'], revision: 1, versionId: first.versionId });
  expect((await loadVersion(db, first.versionId)).copy.steps.again).toEqual({ body: 'Again' });

  expect(await publishCopy(db, other, () => null)).toMatchObject({ revision: 2, outcome: 'new_copy' });
  expect(await publishCopy(db, other, () => null)).toMatchObject({ revision: 2, outcome: 'unchanged' });
  expect(await loadVersion(db, first.versionId)).toMatchObject({ revision: 2, copy: other.copy });
  const second = await publish(db, compiled('a', {}, 's2'));
  expect(second.versionId).not.toBe(first.versionId);
  expect((await loadNewest(db, 'a'))?.id).toBe(second.versionId);
  expect(await loadNewest(db, 'nothing')).toBeNull();
  expect((await listSequences(db)).filter(({ name }) => name === 'a')).toMatchObject([
    { id: second.versionId, revision: 1 },
  ]);
});

test('the same file published by many at once is one version', async () => {
  const published = await Promise.all(Array.from({ length: 8 }, () => publish(db, compiled('many'))));
  expect(new Set(published.map(({ versionId }) => versionId)).size).toBe(1);
  expect(published.filter(({ outcome }) => outcome === 'new_version')).toHaveLength(1);
});

test('promise 10: copy that would hold running leads is refused, naming step, variable and how many; those past the step do not count', async () => {
  const { versionId } = await publish(db, compiled('hold'));
  const launch = await makeLaunch(db, { versionId });
  const at = async (
    step: string | null,
    options: { firstName?: string | null; status?: 'pending' | 'running' | 'finished' } = {},
  ) => {
    const lead = await makeLead(db, { firstName: options.firstName ?? null });
    const { id } = await makeEnrollment(db, {
      launchId: launch.id,
      leadId: lead.id,
      status: options.status ?? 'running',
    });
    if (step)
      await db.query('update enrollments set engine = $2 where id = $1', [
        id,
        { state: { step }, command: {} },
      ]);
  };
  await at(null, { status: 'pending' });
  await at('hello');
  await at('again');
  await at('bye');
  await at('hello', { firstName: 'Ada' });
  await at('hello', { status: 'finished' });
  const changed = compiled('hold', { again: { body: '{{ lead.first_name }}' } });
  const asked: string[] = [];
  const renderCheck = (lead: { firstName: string | null }, step: string) => {
    asked.push(step);
    return lead.firstName === null ? 'lead.first_name' : null;
  };
  const error = await publishCopy(db, changed, renderCheck).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CopyWouldHold);
  expect((error as CopyWouldHold).holds).toEqual([{ step: 'again', variable: 'lead.first_name', leads: 3 }]);
  expect((error as CopyWouldHold).message).toContain(
    'step "again": {{ lead.first_name }} is missing for 3 leads',
  );
  expect(new Set(asked)).toEqual(new Set(['again']));
  expect((await loadVersion(db, versionId)).revision).toBe(1);
  // Only those past the step lack it now.
  await db.query(`update enrollments set engine = '{"state": {"step": "bye"}}' where launch_id = $1`, [
    launch.id,
  ]);
  expect(await publishCopy(db, changed, renderCheck)).toMatchObject({ revision: 2 });
});
