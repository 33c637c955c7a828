import type { StepId } from '../plan.ts';
import type { Path } from './document.ts';
import { STEP_KINDS, type StepKind } from './schema.ts';

/** A step as it was written, valid or not. */
export interface WrittenStep {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly path: Path;
  /** The kinds it names; exactly one when it is right. */
  readonly kinds: readonly StepKind[];
  /** Its own id, or `<kind>-<n>`: the n-th step of its kind in the file. */
  readonly id: StepId;
}

/** A list of steps as it was written: the main one, or an arm of a step. */
export interface WrittenList {
  readonly path: Path;
  readonly items: readonly unknown[];
}

/** All steps of a definition in the order of the file, nested ones after the step that holds them. */
export function writtenSteps(root: unknown): readonly WrittenStep[] {
  const counts = new Map<string, number>();
  const found: WrittenStep[] = [];
  const visit = (list: WrittenList): void => {
    list.items.forEach((fields, index) => {
      if (!isFields(fields)) return;
      const path = [...list.path, index];
      const kinds = STEP_KINDS.filter((kind) => Object.hasOwn(fields, kind));
      const kind = kinds[0] ?? 'step';
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      const id = typeof fields.id === 'string' ? fields.id : `${kind}-${count}`;
      found.push({ fields, path, kinds, id });
      for (const arm of arms(fields, path)) visit(arm);
    });
  };
  const steps = isFields(root) ? root.steps : null;
  visit({ path: ['steps'], items: Array.isArray(steps) ? steps : [] });
  return found;
}

/** The lists of steps inside a step, in the order of the file. */
export function arms(fields: Readonly<Record<string, unknown>>, path: Path): readonly WrittenList[] {
  return Object.keys(fields).flatMap((key): WrittenList[] => {
    const value = fields[key];
    if (key === 'then' || key === 'else') return list(value, [...path, key]);
    if (key === 'linkedin' && isFields(value)) return list(value.else, [...path, key, 'else']);
    if (key === 'outcomes' && isFields(value))
      return Object.keys(value).flatMap((name) => list(value[name], [...path, key, name]));
    if (key === 'split' && isFields(value)) {
      return Object.entries(value).flatMap(([name, arm]) =>
        isFields(arm) ? list(arm.steps, [...path, key, name, 'steps']) : [],
      );
    }
    return [];
  });
}

function list(value: unknown, path: Path): WrittenList[] {
  return Array.isArray(value) ? [{ path, items: value }] : [];
}

/** Whether a value of the file has fields. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
