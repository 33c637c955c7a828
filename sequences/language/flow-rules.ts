import { DateTime } from 'luxon';
import type { Path, SourceDocument } from './document.ts';
import { quote, suggest, type Problem } from './problems.ts';
import { isFields, arms, type WrittenList, type WrittenStep } from './walk.ts';

/** More steps than anybody reads; keeps the plan that workflows carry small. */
const MAX_STEPS = 300;

/** Checks how steps hang together: ids, references, and that each can be reached. */
export function checkFlow(
  document: SourceDocument,
  steps: readonly WrittenStep[],
  sequenceExists: ((name: string) => boolean) | undefined,
): readonly Problem[] {
  const problems = [...checkIds(document, steps), ...checkReplies(document, steps)];
  const root = isFields(document.value) ? document.value.steps : null;
  if (Array.isArray(root)) problems.push(...unreachable(document, { path: ['steps'], items: root }));
  for (const { fields, path } of steps) {
    if (isFields(fields.wait) && typeof fields.wait.until === 'string')
      problems.push(...checkUntil(document, fields.wait.until, [...path, 'wait', 'until']));
    const target = isFields(fields.reactivate) ? fields.reactivate.with : null;
    if (typeof target === 'string' && sequenceExists && !sequenceExists(target)) {
      problems.push(
        document.at(
          [...path, 'reactivate', 'with'],
          `there is no sequence ${quote(target)}`,
          `add ${target}.yaml beside this file, or publish it first`,
        ),
      );
    }
  }
  return problems;
}

function checkIds(document: SourceDocument, steps: readonly WrittenStep[]): Problem[] {
  const seen = new Map<string, WrittenStep>();
  const problems: Problem[] = [];
  const place = (step: WrittenStep): Path =>
    step.fields.id === undefined ? step.path : [...step.path, 'id'];
  for (const step of steps) {
    const first = seen.get(step.id);
    if (first === undefined) seen.set(step.id, step);
    else {
      const { line } = document.at(place(first), '');
      const own = step.fields.id !== undefined && first.fields.id !== undefined;
      problems.push(
        document.at(
          place(step),
          `the step id ${quote(step.id)} is used twice, first in line ${line}`,
          own ? 'rename one of them' : 'ids like email-2 are given to steps without one; choose another',
        ),
      );
    }
  }
  if (steps.length > MAX_STEPS) {
    problems.push(
      document.at(
        steps[MAX_STEPS]?.path ?? [],
        `a sequence has at most ${MAX_STEPS} steps; this one has ${steps.length}`,
        'split it and join the parts with reactivate',
      ),
    );
  }
  return problems;
}

function checkReplies(document: SourceDocument, steps: readonly WrittenStep[]): Problem[] {
  const emails = steps.filter((step) => step.kinds[0] === 'email');
  return steps.flatMap((step) => {
    const target = isFields(step.fields.email) ? step.fields.email.reply_to : undefined;
    if (typeof target !== 'string') return [];
    const path = [...step.path, 'email', 'reply_to'];
    const earlier = emails.filter((email) => comesBefore(email.path, step.path));
    if (earlier.some((email) => email.id === target)) return [];
    const found = steps.find((other) => other.id === target);
    const names = earlier.map((email) => email.id);
    const hint =
      names.length > 0
        ? suggest(target, names, 'earlier email steps')
        : 'there is no email step before this one';
    if (!found) return [document.at(path, `there is no step ${quote(target)}`, hint)];
    if (found.kinds[0] !== 'email') return [document.at(path, `the step ${quote(target)} is no email`, hint)];
    if (found === step) return [document.at(path, 'an email cannot reply to itself', hint)];
    const where =
      step.path.length > 0 && later(found.path, step.path) ? 'comes later' : 'is on another branch';
    return [document.at(path, `the step ${quote(target)} ${where}`, hint)];
  });
}

/** Whether the step at `one` can happen before that at `other`: they part in one list, or in the arms of an earlier step. */
function comesBefore(one: Path, other: Path): boolean {
  const index = one.findIndex((part, position) => part !== other[position]);
  const [a, b] = [one[index], other[index]];
  return typeof a === 'number' && typeof b === 'number' && a < b;
}

function later(one: Path, other: Path): boolean {
  return comesBefore(other, one);
}

function checkUntil(document: SourceDocument, until: string, path: Path): Problem[] {
  if (!/^\d{4}-/.test(until) || DateTime.fromISO(until, { zone: 'utc' }).isValid) return [];
  return [
    document.at(
      path,
      `${quote(until)} is not in the calendar`,
      'year-month-day, for example 2026-12-01T09:00',
    ),
  ];
}

/** A step that nothing leads to: it stands after one that ends the sequence on every way. */
function unreachable(document: SourceDocument, list: WrittenList): Problem[] {
  const problems: Problem[] = [];
  let ended: string | null = null;
  list.items.forEach((item, index) => {
    const path = [...list.path, index];
    if (ended !== null) {
      problems.push(
        document.at(path, `this step is never reached: ${ended}`, 'remove it, or move it before'),
      );
      ended = null;
    }
    if (!isFields(item)) return;
    for (const arm of arms(item, path)) problems.push(...unreachable(document, arm));
    if (index < list.items.length - 1 && ends(item)) ended = endsWhy(item);
  });
  return problems;
}

function endsWhy(step: Readonly<Record<string, unknown>>): string {
  const kind = ['end', 'goal', 'reactivate'].find((name) => Object.hasOwn(step, name));
  return kind ? `the sequence ends with the ${kind} before it` : 'every branch before it ends the sequence';
}

function ends(step: unknown): boolean {
  if (!isFields(step)) return false;
  if (['end', 'goal', 'reactivate'].some((name) => Object.hasOwn(step, name))) return true;
  if (Object.hasOwn(step, 'if') || Object.hasOwn(step, 'wait_for'))
    return endsList(step.then) && endsList(step.else);
  if (!isFields(step.split)) return false;
  const armsOfSplit = Object.values(step.split);
  return armsOfSplit.length > 0 && armsOfSplit.every((arm) => isFields(arm) && endsList(arm.steps));
}

function endsList(steps: unknown): boolean {
  return Array.isArray(steps) && steps.some(ends);
}
