/** What is wrong with which field, out of Zod's issues. */
import type { z } from 'zod';

export interface FieldError {
  /** JSON Pointer (RFC 6901); empty: the whole. */
  readonly path: string;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** @param issues with their `input` (Zod's `reportInput`), by which what is missing is known from what is wrong */
export const fieldErrors = (issues: readonly Issue[], under: Path = []): FieldError[] =>
  issues.flatMap((issue) => {
    const path = [...under, ...issue.path];
    if (issue.code === 'invalid_union' && !isMissing(issue)) return ofUnion(issue, path);
    return [{ path: pointer(path), message: messageOf(issue) }];
  });

const pointer = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** An absent body is null. */
const isMissing = (issue: Issue): boolean => issue.input === undefined;

function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_key') return `no name for this: ${issue.issues.map(messageOf).join(', ')}`;
  if (!isMissing(issue)) return issue.message;
  const expected = /expected .*(?=, received undefined$)|expected .*/.exec(issue.message)?.[0];
  return expected === undefined ? 'missing' : `missing: ${expected}`;
}

function ofUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path): FieldError[] {
  if ('options' in issue && issue.options) {
    const options = issue.options.map((option) => JSON.stringify(option)).join(', ');
    return [{ path: pointer(path), message: `expected one of ${options}` }];
  }
  const nearest = nearestOf(issue.errors);
  if (nearest.length === 1) return fieldErrors(nearest[0]!, path);
  const told = nearest.map((issues) =>
    fieldErrors(issues)
      .map(({ path: where, message }) => (where === '' ? message : `${where} ${message}`))
      .join(', '),
  );
  const forms = [...new Set(told)];
  const message = forms.length === 1 ? forms[0]! : `fits none of its forms: ${forms.join('; or ')}`;
  return [{ path: pointer(path), message }];
}

/** The forms that the fewest things are wrong with. */
function nearestOf(forms: readonly (readonly Issue[])[]): (readonly Issue[])[] {
  const costs = forms.map((issues) => issues.reduce((sum, issue) => sum + costOf(issue), 0));
  const least = Math.min(...costs);
  return forms.filter((_form, n) => costs[n] === least);
}

/** A field with a wrong value is nearer than one that is missing or unknown, and that is nearer than another type of thing. */
function costOf(issue: Issue): number {
  if (issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value'))
    return 1000;
  if (issue.code === 'unrecognized_keys') return 10 * issue.keys.length;
  return isMissing(issue) ? 10 : 1;
}
