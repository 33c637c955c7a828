import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatLocal } from '../calendar/index.ts';
import { parseSequence } from '../language/index.ts';
import { SequenceError } from '../language/problems.ts';
import type { CompiledSequence } from '../plan.ts';
import { defaultSenders } from './defaults.ts';
import { parseScenarioFile, type ExpectedEnd, type ExpectedTouch, type Scenario } from './scenario-file.ts';
import { simulate } from './simulate.ts';
import type { SimulatedLead, SimulatedTouch } from './types.ts';

/** Gives the content of a file beside the scenarios; throws ENOENT when there is none. */
type Read = (name: string) => string | Uint8Array;

export interface ScenarioResult {
  readonly name: string;
  /** Where the scenario begins in its file. */
  readonly line: number;
  readonly passed: boolean;
  /** What was expected (-), what happened instead (+), and what is as expected; empty when it passed. */
  readonly diff: string;
}

export interface ScenarioReport {
  readonly file: string;
  readonly sequence: string;
  readonly scenarios: readonly ScenarioResult[];
}

/**
 * Runs the scenarios of a file such as `classic.test.yaml`, beside which its sequence and those that it goes on with stand.
 * @throws SequenceError for mistakes in any of the files; errors of the file system
 */
export function runScenarioFile(path: string): ScenarioReport {
  return runScenarios(readFileSync(path), path, (name) => readFileSync(join(dirname(path), name)));
}

/**
 * The same for a source at hand.
 * @throws SequenceError for mistakes in any of the files
 */
export function runScenarios(source: string | Uint8Array, file: string, read: Read): ScenarioReport {
  const { sequence: named, scenarios } = parseScenarioFile(source, file);
  const own =
    named ??
    `${file
      .split(/[\\/]/)
      .at(-1)!
      .replace(/\.test\.ya?ml$|\.ya?ml$/, '')}.yaml`;
  const sequence = load(own, file, read);
  const others = loadOthers(sequence, file, read);
  return {
    file,
    sequence: sequence.name,
    scenarios: scenarios.map((scenario) => runScenario(scenario, sequence, others)),
  };
}

function load(name: string, file: string, read: Read): CompiledSequence {
  const sequence = loadIfThere(name, file, read);
  if (sequence) return sequence;
  const problem = { file, line: 1, column: 1, message: `there is no sequence ${name} beside this file` };
  throw new SequenceError([{ ...problem, hint: 'name it with `sequence: FILE`' }]);
}

function loadIfThere(name: string, file: string, read: Read): CompiledSequence | null {
  let source: string | Uint8Array;
  try {
    source = read(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return parseSequence(typeof source === 'string' ? source : Buffer.from(source), join(dirname(file), name));
}

/** Every sequence that can be reached by reactivation and stands beside. Others count as not published: nothing follows. */
function loadOthers(first: CompiledSequence, file: string, read: Read): CompiledSequence[] {
  const found = new Map<string, CompiledSequence | null>([[first.name, first]]);
  // A Map's iteration goes on to what is added meanwhile.
  for (const sequence of found.values()) {
    for (const node of Object.values(sequence?.plan.nodes ?? {})) {
      if (node.kind !== 'reactivate' || found.has(node.with)) continue;
      found.set(node.with, loadIfThere(`${node.with}.yaml`, file, read));
    }
  }
  found.delete(first.name);
  return [...found.values()].filter((sequence) => sequence !== null);
}

function runScenario(
  scenario: Scenario,
  sequence: CompiledSequence,
  others: readonly CompiledSequence[],
): ScenarioResult {
  const { name, line, start, zone, lead, senders, script, then, ends } = scenario;
  const result = simulate({
    sequence,
    others,
    leads: [lead],
    senders: senders ?? defaultSenders(zone),
    start,
    launchZone: zone,
    script,
  });
  const happened = result.touches.filter(({ state }) => state !== 'booked' && state !== 'cancelled');
  const stand = result.leads[0]!;
  const touches = compare(then, happened, zone);
  const ending = ends === null || endsAs(ends, stand, zone);
  const passed = touches.every(({ mark }) => mark === ' ') && ending;
  if (passed) return { name, line, passed, diff: '' };
  const lines = touches.map(({ mark, text }) => `${mark} ${text}`);
  if (ends && !ending) lines.push(`- ends ${showExpectedEnd(ends)}`, `+ ends ${showEnd(stand, zone)}`);
  const held = result.decisions
    .filter(({ kind }) => kind === 'held')
    .map(({ step, reason }) => `  held at ${step}: ${reason}`);
  return { name, line, passed, diff: [...lines, ...held].join('\n') };
}

interface DiffLine {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** The longest run of touches that are as expected stays; the rest is missing (-) or too much (+). */
function compare(
  expected: readonly ExpectedTouch[],
  actual: readonly SimulatedTouch[],
  zone: string,
): DiffLine[] {
  const same = expected.map((want) => actual.map((got) => isAs(want, got, zone)));
  const longest = Array.from({ length: expected.length + 1 }, () =>
    Array.from({ length: actual.length + 1 }, () => 0),
  );
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = actual.length - 1; j >= 0; j--) {
      longest[i]![j] = same[i]![j]
        ? 1 + longest[i + 1]![j + 1]!
        : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < expected.length || j < actual.length) {
    if (i < expected.length && j < actual.length && same[i]![j]) {
      lines.push({ mark: ' ', text: showTouch(actual[j]!, zone) });
      i++;
      j++;
    } else if (i < expected.length && (j === actual.length || longest[i + 1]![j]! >= longest[i]![j + 1]!)) {
      lines.push({ mark: '-', text: `${showExpected(expected[i]!)}   (line ${expected[i]!.line})` });
      i++;
    } else {
      lines.push({ mark: '+', text: showTouch(actual[j]!, zone) });
      j++;
    }
  }
  return lines;
}

function isAs(want: ExpectedTouch, got: SimulatedTouch, zone: string): boolean {
  const fits = (wanted: string | null, given: string | null) => wanted === null || wanted === given;
  return (
    want.step === got.stepId &&
    want.at === formatLocal(got.at, zone).slice(4) &&
    want.state === got.state &&
    fits(want.channel, got.channel) &&
    fits(want.action, got.action) &&
    fits(want.sender, got.sender) &&
    fits(want.sequence, got.sequence) &&
    fits(want.reason, got.reason)
  );
}

function endsAs(want: ExpectedEnd, got: SimulatedLead, zone: string): boolean {
  return (
    want.state === got.state &&
    (want.reason === null || want.reason === got.reason) &&
    (want.sequence === null || want.sequence === got.sequence) &&
    (want.at === null || (got.endedAt !== null && want.at === formatLocal(got.endedAt, zone).slice(4)))
  );
}

function columns(...texts: (string | null)[]): string {
  return texts
    .filter((text) => text !== null)
    .map((text, index) => text.padEnd([18, 21, 9, 8][index] ?? 0))
    .join(' ')
    .trimEnd();
}

function showTouch(touch: SimulatedTouch, zone: string): string {
  return columns(
    touch.stepId,
    formatLocal(touch.at, zone),
    touch.channel,
    touch.state,
    touch.reason && `(${touch.reason})`,
  );
}

function showExpected(touch: ExpectedTouch): string {
  const more = [touch.action, touch.sender, touch.sequence, touch.reason].filter((text) => text !== null);
  const day = formatLocal(Date.parse(`${touch.at.replace(' ', 'T')}Z`), 'UTC');
  return columns(
    touch.step,
    day,
    touch.channel ?? '',
    touch.state,
    more.length > 0 ? `(${more.join(', ')})` : null,
  );
}

function showEnd(lead: SimulatedLead, zone: string): string {
  const at = lead.endedAt === null ? '' : ` at ${formatLocal(lead.endedAt, zone).slice(4)}`;
  return `${lead.state} (${lead.reason}) in ${lead.sequence}${at}`;
}

function showExpectedEnd({ state, reason, sequence, at, line }: ExpectedEnd): string {
  return `${state}${reason ? ` (${reason})` : ''}${sequence ? ` in ${sequence}` : ''}${at ? ` at ${at}` : ''}   (line ${line})`;
}
