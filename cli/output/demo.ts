import type { DemoResult, DemoTouch } from '../../worker/demo/result.ts';
import type { DemoOutcome } from '../../worker/demo/run.ts';
import { formatLocal } from '../../sequences/calendar/zone.ts';
import type { Output } from './output.ts';
import { count, words } from './text.ts';

/** What a demo must never show; empty when all is well. */
export function problemsOf({ received, callbacks }: DemoResult): string[] {
  const ids = received.flatMap(({ touchId, channel }) => (touchId === null ? [] : [`${channel} ${touchId}`]));
  const twice = ids.length - new Set(ids).size;
  const forged = callbacks.filter(({ verified }) => !verified).length;
  return [
    ...(twice > 0 ? [`${count(twice, 'message')} went out twice.`] : []),
    ...(forged > 0 ? [`${count(forged, 'callback')} had no valid signature.`] : []),
  ];
}

/** A timeline per lead, totals per step and channel, and what the CRM received. */
export async function sayDemo(out: Output, outcome: DemoOutcome, startAt: Date): Promise<void> {
  const { result, enrolled, wallMs, lag } = outcome;
  const { bold, dim } = out.colors;
  const width = Math.max(8, ...result.touches.map(({ stepId }) => stepId.length));
  const byLead = new Map(result.leads.map(({ id }) => [id, [] as DemoTouch[]]));
  for (const touch of result.touches) byLead.get(touch.leadId)?.push(touch);
  for (const lead of result.leads) {
    out.line(bold(`${lead.name}${lead.email ? ` <${lead.email}>` : ''} (${lead.timeZone})`));
    for (const touch of byLead.get(lead.id) ?? []) {
      out.line(`  ${formatLocal(Date.parse(touch.at), lead.timeZone)}  ${said(touch, width)}`);
    }
    out.line(dim(`  ${lead.state}: ${words(lead.reason)}`));
    out.line();
  }
  await out.table(
    ['SEQUENCE', 'STEP', 'CHANNEL', 'SENT', 'SKIPPED', 'FAILED', 'OTHER'],
    totals(result.touches),
  );
  out.line();
  out.line(
    `${count(enrolled.enrolled, 'lead')} enrolled on ${formatLocal(startAt.getTime(), 'UTC')} UTC${leftOut(outcome)}.`,
  );
  const reached = Object.entries(counted(result.received.map(({ channel }) => channel)));
  out.line(
    `The providers received ${count(result.received.length, 'message')}: ${reached.map(([channel, number]) => `${number} ${channel}`).join(', ') || 'none'}.`,
  );
  const verified = result.callbacks.filter((callback) => callback.verified).length;
  out.line(
    `The CRM received ${count(result.callbacks.length, 'callback')}, ${verified === result.callbacks.length ? 'every signature valid' : `${verified} with a valid signature`}:`,
  );
  await out.table(
    ['CALLBACK', 'RECEIVED'],
    Object.entries(counted(result.callbacks.map(({ type }) => type ?? 'unknown'))),
  );
  out.line();
  out.line(
    `It took ${(wallMs / 1000).toFixed(0)} s.${lag > 0 ? ` Time went on ${count(lag, 'time')} without something that was due: this machine is slow.` : ''}`,
  );
}

function said(touch: DemoTouch, width: number): string {
  const parts = [touch.channel.padEnd(9), touch.stepId.padEnd(width), touch.state];
  if (touch.reason) parts.push(`(${words(touch.reason)})`);
  if (touch.sender) parts.push(`from ${touch.sender}`);
  return parts.join('  ');
}

function leftOut({ enrolled }: DemoOutcome): string {
  const reasons = Object.entries(enrolled.excluded).filter(([, number]) => number > 0);
  return reasons.length === 0
    ? ''
    : `; left out: ${reasons.map(([reason, number]) => `${number} ${words(reason)}`).join(', ')}`;
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function totals(touches: readonly DemoTouch[]): (string | number)[][] {
  const rows = new Map<string, (string | number)[]>();
  for (const { sequence, stepId, channel, state } of touches) {
    const key = `${sequence} ${stepId} ${channel}`;
    const row = rows.get(key) ?? [sequence, stepId, channel, 0, 0, 0, 0];
    const column = { sent: 3, skipped: 4, failed: 5 }[state as string] ?? 6;
    row[column] = Number(row[column]) + 1;
    rows.set(key, row);
  }
  return [...rows.values()];
}
