import type { Template } from 'liquidjs';
import { quote, suggest } from '../problems.ts';
import { FILTER_NAMES, globalsOf, parseTemplate, TAG_NAMES } from './engine.ts';
import { minimumLength } from './minimum-length.ts';
import { checkVariable } from './variables.ts';

/** What a template is for, as far as checking it goes. */
export interface TemplateUse {
  /** The most characters the channel takes; null where there is no such limit. */
  readonly limit: number | null;
  /** What the limit is called in a message. */
  readonly what: string;
  /** Whether `unsubscribe_url` is there. */
  readonly email: boolean;
}

/** Something wrong inside a template: `offset` characters from its start, where `snippet` stands. */
export interface TemplateFault {
  readonly offset: number;
  readonly snippet: string;
  readonly message: string;
  readonly hint?: string;
}

/** Checks syntax, filters, tags, variables and the length that the template has at the least. */
export function checkTemplate(source: string, use: TemplateUse): readonly TemplateFault[] {
  let templates: Template[];
  try {
    templates = parseTemplate(source);
  } catch (error) {
    return [parseFault(source, error as LiquidFault)];
  }
  const faults: TemplateFault[] = [];
  for (const variables of Object.values(globalsOf(templates))) {
    for (const { segments, location } of variables) {
      const fault = checkVariable(segments, use.email);
      if (!fault) continue;
      const offset = offsetOf(source, location.row, location.col);
      faults.push({ offset, snippet: /^[\w.-]+/.exec(source.slice(offset))?.[0] ?? '', ...fault });
    }
  }
  // Rendered texts are trimmed.
  const least = minimumLength(templates) - (source.length - source.trim().length);
  if (use.limit !== null && least > use.limit) {
    faults.push({
      offset: 0,
      snippet: '',
      message: `${use.what} takes at most ${use.limit} characters; this has at least ${least}`,
      hint: 'shorten it, and leave room for the values',
    });
  }
  return faults;
}

interface LiquidFault extends Error {
  readonly token?: { readonly begin: number; readonly end: number };
}

function parseFault(source: string, error: LiquidFault): TemplateFault {
  const offset = error.token?.begin ?? 0;
  const token = source.slice(offset, error.token?.end ?? offset);
  const message = error.message.replace(/, line:\d+, col:\d+[\s\S]*$/, '');
  const filter = /undefined filter: (.+)$/.exec(message)?.[1];
  if (filter !== undefined) {
    const name = token.indexOf(filter, token.indexOf('|'));
    return {
      offset: name >= 0 ? offset + name : offset,
      snippet: name >= 0 ? filter : token,
      message: `unknown filter ${quote(filter)}`,
      hint: FILTER_HINTS[filter] ?? suggest(filter, FILTER_NAMES, 'there are'),
    };
  }
  const tag = /^tag "(.+)" not found/.exec(message)?.[1];
  if (tag !== undefined)
    return {
      offset,
      snippet: token,
      message: `unknown tag ${quote(tag)}`,
      hint: TAG_HINTS[tag] ?? suggest(tag, TAG_NAMES, 'there are'),
    };
  const open = /^tag (\{%.*%\}) not closed/s.exec(message)?.[1];
  if (open !== undefined || message === 'spin has no endspin') {
    const name = /\{%-?\s*(\w+)/.exec(open ?? token)?.[1] ?? 'spin';
    return {
      offset,
      snippet: token,
      message: `${quote(open ?? token)} is not closed`,
      hint: `add {% end${name} %}`,
    };
  }
  if (message.endsWith('not closed'))
    return {
      offset,
      snippet: token,
      message: 'a value or tag is opened and not closed',
      hint: 'close it with }} or %}',
    };
  return {
    offset,
    snippet: token,
    message: `not a valid template: ${message}`,
    hint: 'a value is written {{ lead.first_name }}',
  };
}

const FILTER_HINTS: Readonly<Record<string, string>> = {
  escape: 'leave it out: values are always escaped',
  escape_once: 'leave it out: values are always escaped',
  raw: 'values are always escaped; there is no way around',
  newline_to_br: 'leave it out: line breaks are kept',
};

const TAG_HINTS: Readonly<Record<string, string>> = {
  or: 'or stands between {% spin %} and {% endspin %}',
  include: 'templates read no files',
  render: 'templates read no files',
  layout: 'templates read no files',
  capture: 'use assign',
};

function offsetOf(source: string, row: number, column: number): number {
  const before = source.split('\n').slice(0, row - 1);
  return before.reduce((sum, line) => sum + line.length + 1, 0) + column - 1;
}
