/**
 * Histories of an earlier run are replayed by the present workflow code: a change that would break running leads fails here.
 * `UPDATE_REPLAY_HISTORIES=1` records those that are missing; to record one again, delete its file first, and think of those who run.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { expect, jest, test } from '@jest/globals';
import { pause, resume } from '../../db/pauses.ts';
import type { ScopeRef } from '../../db/scopes.ts';
import { enrollmentWorkflowId, launchWorkflowId } from '../../workflows/messages.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders, begin, ended, scripted, scriptFailures, startRealRun } from './support/real-run.ts';
import { sleepLong } from './support/long-sleep.ts';
import { LONG_SLEEP, SCENARIOS, START } from './support/scenarios.ts';

jest.setTimeout(300_000);

const FOLDER = 'tests/workflows/histories';
const RECORDING = process.env.UPDATE_REPLAY_HISTORIES === '1';
const fileOf = (scenario: string) => `${FOLDER}/v1-${scenario}.json`;

interface Recorded {
  readonly workflowId: string;
  readonly history: unknown;
}

const NAMES = [...Object.keys(SCENARIOS), LONG_SLEEP];
const missing = NAMES.filter((scenario) => !existsSync(fileOf(scenario)));

async function recordAll(names: readonly string[]): Promise<void> {
  const stack = await startRealRun(START);
  try {
    await addSenders(stack);
    const chosen = names.map((name) => SCENARIOS[name]!);
    const played = await begin(stack, chosen.map(({ play }) => play), (beginning) => {
      chosen.forEach(({ with: extra }, index) => prepare(stack, beginning[index]!.leads[0]!, extra));
    });
    await ended(stack, played.map(({ launchId }) => launchId), 240_000);
    expect(scriptFailures(stack)).toEqual([]);
    for (const [index, name] of names.entries()) {
      await write(name, await historiesOf(stack, played[index]!.launchId));
    }
  } finally {
    await stack.stop();
  }
} // prettier-ignore

function prepare(
  stack: TestStack,
  { id, emails }: { id: string; emails: readonly string[] },
  extra: (typeof SCENARIOS)[string]['with'],
): void {
  const { db } = stack;
  const scope = async (): Promise<ScopeRef> =>
    extra === 'pause' ? { scope: 'lead', scopeId: id } : { scope: 'sequence', scopeId: await sequenceOf(stack, id) };
  if (extra === 'pause' || extra === 'sequence-pause') {
    scripted(stack, START + 2 * 3_600_000, async () => void (await pause(db, { ...(await scope()), reason: 'a test' })));
    // Two days later, after a touch has found the pause.
    scripted(stack, START + 50 * 3_600_000, async () => void (await resume(db, await scope())));
  }
  if (extra === 'refusal') {
    stack.sandbox.control({ rules: [{ match: `^${emails[0]}$`, do: 'refuse', times: 1 }] });
  }
} // prettier-ignore

async function sequenceOf({ db }: TestStack, leadId: string): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `select q.id from enrollments e join sequence_versions v on v.id = e.version_id join sequences q on q.name = v.name where e.lead_id = $1`,
    [leadId],
  );
  return rows[0]!.id;
}

async function recordLongSleep(): Promise<void> {
  const stack = await startTestStack();
  try {
    await write(LONG_SLEEP, await runsOf(stack, await sleepLong(stack)));
  } finally {
    await stack.stop();
  }
}

/** Never over another one. */
async function write(scenario: string, recorded: readonly Recorded[]): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  writeFileSync(fileOf(scenario), `${JSON.stringify(recorded)}\n`, { flag: 'wx' });
}

/** Every run of the launch's workflow and of its enrollments'. */
async function historiesOf(stack: TestStack, launchId: string): Promise<Recorded[]> {
  const { rows } = await stack.db.query<{ id: string }>(
    'select id from enrollments where launch_id = $1 order by created_at, id limit 10',
    [launchId],
  );
  const ids = [launchWorkflowId(launchId), ...rows.map(({ id }) => enrollmentWorkflowId(id))];
  return (await Promise.all(ids.map((id) => runsOf(stack, id)))).flat();
}

/** The workflow's runs, the last one first. */
async function runsOf({ client }: TestStack, workflowId: string): Promise<Recorded[]> {
  const runs: Recorded[] = [];
  for (let runId: string | undefined; ;) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    runs.push({ workflowId, history: JSON.parse(historyToJSON(history)) as unknown });
    runId =
      history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
    if (!runId) return runs;
  }
}

function read(scenario: string): Recorded[] {
  return JSON.parse(readFileSync(fileOf(scenario), 'utf8')) as Recorded[];
}

/** Errors by scenario and workflow; empty when everything can be replayed. */
async function replay(workflowBundle: WorkflowBundleOption, scenarios: readonly string[]): Promise<string[]> {
  const failed: string[] = [];
  const all = scenarios.flatMap((name) =>
    read(name).map(({ workflowId, history }, run) => ({ workflowId: `${name} ${run} ${workflowId}`, history })),
  );
  let replayed = 0;
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, all)) {
    replayed++;
    if (error) failed.push(`${workflowId}: ${error.message}`);
  }
  expect(replayed).toBe(all.length);
  return failed;
} // prettier-ignore

if (RECORDING && missing.length > 0) {
  test('records what is missing', async () => {
    const played = missing.filter((name) => name !== LONG_SLEEP);
    if (played.length > 0) await recordAll(played);
    if (missing.includes(LONG_SLEEP)) await recordLongSleep();
  });
}

test('scenarios and recorded histories are the same set', () => {
  const files = readdirSync(FOLDER).sort();
  expect(files).toEqual(NAMES.map((name) => `v1-${name}.json`).sort());
});

test('recorded histories of every shipped sequence can be replayed', async () => {
  const bundle = { codePath: process.env.CADENZA_WORKFLOW_BUNDLE! };
  expect(await replay(bundle, NAMES)).toEqual([]);
});

test('they cover what the scenarios are for', () => {
  const text = (scenario: string) => JSON.stringify(read(scenario));
  for (const scenario of Object.keys(SCENARIOS))
    expect(text(scenario)).toContain('EVENT_TYPE_MARKER_RECORDED');
  const continued = 'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW';
  expect(text(LONG_SLEEP)).toContain(continued);
  // The sequence, its launch and the reactivation.
  expect(new Set(read('classic-silent-reactivated').map(({ workflowId }) => workflowId)).size).toBe(3);
  const told = (scenario: string) =>
    text(scenario).replace(/"data":"([^"]+)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());
  expect(told('classic-paused-resumed')).toContain('"type":"paused"');
  expect(told('classic-paused-resumed')).toContain('"type":"resume"');
  expect(told('classic-sequence-paused')).toContain('"scope":"sequence"');
  expect(told('classic-sequence-paused')).toContain('"type":"resume"');
  expect(told('classic-refused-then-later')).toContain('"type":"later"');
  expect(told('classic-no-name-held')).toContain('"type":"held"');
  expect(told('recruitment-task-done')).toContain('"type":"task_done"');
});

test('a change of the workflow that is not deterministic fails the replay', async () => {
  const code = readFileSync(process.env.CADENZA_WORKFLOW_BUNDLE!, 'utf8');
  // A pause before the lead is loaded: what a careless change of the workflow does.
  const condition = /\(0, ?\w+\.condition\)(?=\(woken, wallMs\))/.exec(code)![0];
  const changed = code.replace('const loaded = await load(', `await ${condition}(() => false, 5); $&`);
  expect(changed).not.toBe(code);
  const failed = await replay({ code: changed }, ['classic-meeting-booked']);
  expect(failed.join('\n')).toMatch(/nondetermin/i);
});
