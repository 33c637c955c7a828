import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { collectLeads } from '../../sequences/leads/collect.ts';
import type { ColumnMapping } from '../../sequences/leads/columns.ts';
import type { LeadProfile } from '../../sequences/lead.ts';
import { STEP_OUTCOMES, type CompiledSequence, type Instant, type PlanNode } from '../../sequences/plan.ts';
import {
  defaultSenders,
  parseScriptEvent,
  ScriptError,
  simulate,
  type SimulationResult,
} from '../../sequences/simulate/index.ts';
import { readSequenceFiles } from './read-sequence-files.ts';

export interface SimulationRequest {
  readonly file: string;
  readonly csv: string;
  readonly mapping?: ColumnMapping;
  /** As `parseScriptEvent` reads them. */
  readonly events: readonly string[];
  readonly start: Instant;
  /** The zone of leads that have none. */
  readonly timeZone: string;
  /** Told how many leads are about to be simulated. */
  readonly onStart?: (leads: number) => void;
}

export interface FileSimulation {
  readonly sequence: CompiledSequence;
  readonly leads: readonly LeadProfile[];
  /** Rows of the CSV that are no leads. */
  readonly rejected: readonly { readonly line: number; readonly reason: string; readonly detail: string }[];
  readonly result: SimulationResult;
}

/**
 * The calendar of touches that a definition gives for a list, with one unlimited sender a channel. Nothing is sent or stored.
 * @throws SequenceError, LeadsCsvError, ScriptError; the file system's errors
 */
export async function simulateFile(request: SimulationRequest): Promise<FileSimulation> {
  const { main, all } = readSequenceFiles(request.file);
  const script = request.events.map(parseScriptEvent);
  const { leads, rejected } = await readLeadsFile(request.csv, request.mapping);
  const known = new Set(leads.flatMap((lead) => [lead.id, ...lead.emails]));
  const nodes = new Map([...all.values()].flatMap(({ plan }) => Object.entries(plan.nodes)));
  for (const entry of script) {
    const { lead } = entry;
    if (entry.kind === 'outcome' && entry.step !== null) checkOutcome(entry.step, entry.outcome, nodes);
    if (lead !== null && !known.has(lead)) {
      throw new ScriptError(
        `${JSON.stringify(lead)} is no lead of ${request.csv}; name one by its email address, or * for all`,
      );
    }
  }
  request.onStart?.(leads.length);
  const result = simulate({
    sequence: main,
    others: [...all.values()].filter((compiled) => compiled !== main),
    leads: leads.map((profile) => ({ profile })),
    senders: defaultSenders(request.timeZone),
    start: request.start,
    launchZone: request.timeZone,
    script,
  });
  return { sequence: main, leads, rejected, result };
}

/** A misspelt step or outcome would change nothing, without a word. */
function checkOutcome(step: string, outcome: string, nodes: ReadonlyMap<string, PlanNode>): void {
  const node = nodes.get(step);
  if (!node) throw new ScriptError(`there is no step ${JSON.stringify(step)}`);
  if (node.kind !== 'touch') throw new ScriptError(`the step ${JSON.stringify(step)} has no task`);
  // Reviews and failed touches have outcomes of their own.
  if (node.channel !== 'call' || node.onFailure === 'task') return;
  const possible: readonly string[] = STEP_OUTCOMES.call;
  if (possible.includes(outcome)) return;
  throw new ScriptError(
    `a call has no outcome ${JSON.stringify(outcome)}; outcomes are ${possible.join(', ')}`,
  );
}

/** The leads of a CSV file, merged as an import would, without a database. @throws LeadsCsvError; the file system's errors */
export async function readLeadsFile(path: string, mapping?: ColumnMapping) {
  const file = await open(path, 'r');
  try {
    return await collectLeads(createReadStream(path, { fd: file }), mapping ? { mapping } : {});
  } finally {
    await file.close().catch(() => {});
  }
}
