import { AssignTag, Context, filters as standardFilters, Liquid, type Template } from 'liquidjs';
import { remembered } from './remembered.ts';
import { SPIN_KEY, SpinTag } from './spin-tag.ts';

/**
 * The template language: Liquid without anything that reads files, runs code, is random or tells the time.
 * A value that is missing or empty never prints as nothing: it throws, unless `default` stands first.
 */

/** The filters there are. `date` formats a given date; "now" is refused, so that a text does not change between tries. */
const FILTERS = [
  'abs', 'append', 'at_least', 'at_most', 'capitalize', 'ceil', 'compact', 'concat', 'date', 'default', 'divided_by', 'downcase',
  'first', 'floor', 'join', 'last', 'lstrip', 'minus', 'modulo', 'normalize_whitespace', 'plus', 'prepend', 'remove',
  'remove_first', 'remove_last', 'replace', 'replace_first', 'replace_last', 'reverse', 'round', 'rstrip', 'size', 'slice', 'sort',
  'split', 'strip', 'strip_newlines', 'times', 'truncate', 'truncatewords', 'uniq', 'upcase', 'url_encode',
] as const; // prettier-ignore

const TAGS = ['#', 'assign', 'break', 'case', 'comment', 'continue', 'for', 'if', 'raw', 'unless'] as const;

export const FILTER_NAMES: readonly string[] = FILTERS;
/** Every word that may open a tag or stand inside one, for suggestions. */
export const TAG_NAMES: readonly string[] = [
  ...TAGS, 'spin', 'or', 'endspin', 'elsif', 'else', 'when', 'endif', 'endfor', 'endcase', 'endunless', 'endcomment', 'endraw',
]; // prettier-ignore

/** A printed value is missing or empty. */
export class BlankValue extends Error {
  override readonly name = 'BlankValue';
}

/** A filter was given something it cannot work with. */
export class BadValue extends Error {
  override readonly name = 'BadValue';
}

/** `default: ""` says that nothing is right here, and so is no blank. */
class IntendedBlank {
  toString(): string {
    return '';
  }
}

const ESCAPE = 'escape';

/** Other spellings of a date are read differently from one host to the next. */
const ISO_DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

interface FilterThis {
  readonly context: Context;
}

/** Of one rendering; far more than any text takes on a busy machine. */
const PATIENCE_MS = 2000;

const engine = createEngine();

function createEngine(): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    relativeReference: false,
    dynamicPartials: false,
    templates: {},
    timezoneOffset: 0,
    locale: 'en',
    parseLimit: 100_000,
    renderLimit: PATIENCE_MS,
    memoryLimit: 1_000_000,
    outputEscape: function (this: FilterThis, value: unknown): string {
      const escape = this.context.getRegister(ESCAPE, {}) as Escape;
      return escape(print(value), value instanceof UrlEncoded);
    } as (value: unknown) => string,
  });
  for (const name of Object.keys(liquid.filters))
    if (!FILTER_NAMES.includes(name)) liquid.unregisterFilter(name);
  for (const name of Object.keys(liquid.tags))
    if (!(TAGS as readonly string[]).includes(name)) delete liquid.tags[name];
  liquid.registerFilter('date', function (value: unknown, ...rest: unknown[]): unknown {
    if (!ISO_DATE.test(String(value)))
      throw new BadValue('date formats dates written as 2026-12-01 or 2026-12-01T09:00, nothing else');
    return (standardFilters.date as (...args: unknown[]) => unknown).call(this, value, ...rest);
  });
  liquid.registerFilter('default', function (value: unknown, fallback: unknown, ...rest: unknown[]): unknown {
    const result = (standardFilters.default as (...args: unknown[]) => unknown).call(
      this,
      value,
      fallback,
      ...rest,
    );
    return result === '' && fallback === '' ? new IntendedBlank() : result;
  });
  liquid.registerFilter('url_encode', (value: unknown) => new UrlEncoded(encodeURIComponent(print(value))));
  liquid.registerTag('spin', SpinTag);
  // The standard tag forgives a missing variable, which would print as nothing later.
  liquid.registerTag(
    'assign',
    class extends AssignTag {
      override *render(context: Context): Generator<unknown, void, unknown> {
        const tag = this as unknown as {
          key: string;
          value: { value(context: Context, lenient: boolean): unknown };
        };
        (context.bottom() as Record<string, unknown>)[tag.key] = yield tag.value.value(context, false);
      }
    },
  );
  return liquid;
}

/** Text that is part of a web address already. */
class UrlEncoded {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** How a printed value goes into the text around it. */
export type Escape = (value: string, encoded: boolean) => string;

function print(value: unknown): string {
  if (value instanceof IntendedBlank) return '';
  if (value instanceof UrlEncoded) return value.text;
  if (Array.isArray(value))
    return printed(
      value
        .map((item: unknown) => (typeof item === 'object' ? '' : String(item)))
        .filter(Boolean)
        .join(', '),
    );
  if (value === null || value === undefined) throw new BlankValue();
  if (typeof value === 'object') throw new BadValue('a group of fields cannot be printed; name one of them');
  return printed(String(value as string | number | boolean));
}

function printed(text: string): string {
  if (text.trim() === '') throw new BlankValue();
  return text;
}

/** @throws the parser's errors, which carry the token */
export const parseTemplate = remembered((source): Template[] => engine.parse(source));

/** Variables a template takes from outside, each with where it stands. */
export function globalsOf(templates: Template[]): ReturnType<Liquid['analyzeSync']>['globals'] {
  return engine.analyzeSync(templates, { partials: false }).globals;
}

/**
 * Renders with `scope` as the variables.
 * @param patienceMs wall ms that it may take; far more than any text takes unless given
 * @throws liquidjs errors
 */
export function renderTemplate(
  source: string,
  scope: object,
  escape: Escape,
  spinKey: string,
  patienceMs = PATIENCE_MS,
): string {
  const templates = parseTemplate(source);
  const context = new Context(
    scope,
    engine.options,
    { sync: true, renderLimit: patienceMs },
    { liquid: engine },
  );
  context.setRegister(ESCAPE, escape);
  context.setRegister(SPIN_KEY, spinKey);
  return String(engine.renderSync(templates, context));
}
