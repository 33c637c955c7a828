import type { Action, Channel, LeadProfile, SenderProfile } from '../../lead.ts';
import type { StepCopy, StepId } from '../../plan.ts';
import { bodyLimit, LIMITS } from '../limits.ts';
import { CopyError, MissingVariable } from './copy-errors.ts';
import { BadValue, BlankValue, renderTemplate, type Escape } from './engine.ts';
import { fillIn, gapped, htmlToText, isEmptyHtml, markdownToHtml, SetAside, type Gapped } from './html.ts';
import { scopeFor } from './variables.ts';

/** For whom and where a copy is rendered. */
export interface RenderContext {
  readonly lead: LeadProfile;
  /** null: nobody sends (a task without a sender); a text that names the sender then holds the lead. */
  readonly sender: SenderProfile | null;
  /** With the lead's seed this decides spintax. */
  readonly stepId: StepId;
  /** Tells a LinkedIn note from a message: their limits differ. */
  readonly action: Action;
  /** The lead's own address to unsubscribe at. */
  readonly unsubscribeUrl: string | null;
  /** `SequenceCopy.unsubscribeFooter`; emails only. */
  readonly unsubscribeFooter: string | null;
  /** Wall ms that each text may take; default: far more than any does. */
  readonly patienceMs?: number;
}

/** What goes out. Which fields are set follows the channel; `text` is always there, empty where a step has no text (a visit). */
export interface Rendered {
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  /** The end of an email's `text` that must stay when a person writes another text. */
  readonly footer?: string;
  readonly title?: string;
  readonly contentSid?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly attachments?: NonNullable<StepCopy['attachments']>;
  readonly url?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Renders a step's copy for one lead. Of a `message` step's copy, pass the channel that was chosen.
 * Values are always text: they never become markup, links or headers.
 * @throws MissingVariable when a variable has no value and no default; CopyError when it is too long, unsafe, or cannot be rendered
 */
export const renderCopy = (copy: StepCopy, channel: Channel | 'webhook', context: RenderContext): Rendered =>
  render(copy, channel, context, htmlToText);

/**
 * Whether a step's copy can be rendered for one lead, for a part of the work: the plain text of an email's HTML, which is most of it,
 * cannot fail.
 * @throws what `renderCopy` would
 */
export const checkCopy = (copy: StepCopy, channel: Channel | 'webhook', context: RenderContext): void =>
  void render(copy, channel, context, () => '');

function render(
  copy: StepCopy,
  channel: Channel | 'webhook',
  context: RenderContext,
  toText: (html: string) => string,
): Rendered {
  const own = copy.byChannel ? copy.byChannel[channel as Channel] : copy;
  if (!own) throw new CopyError('template_failed', `this step has no text for ${channel}`);
  const to = renderer(context);
  const short = {
    ...(own.subject === undefined
      ? {}
      : { subject: atMost(LIMITS.subject, 'a subject', to.line('subject', own.subject)) }),
    ...(own.title === undefined
      ? {}
      : { title: atMost(LIMITS.title, 'a title', to.line('title', own.title)) }),
    ...(own.attachments === undefined ? {} : { attachments: own.attachments }),
    ...(own.contentSid === undefined ? {} : { contentSid: own.contentSid }),
    ...(own.variables === undefined
      ? {}
      : { variables: mapValues(own.variables, (text, name) => to.line(`variables.${name}`, text)) }),
    ...(own.url === undefined ? {} : { url: to.url('url', own.url) }),
    ...(own.data === undefined
      ? {}
      : { data: to.data('data', own.data) as Readonly<Record<string, unknown>> }),
  };
  if (channel === 'email') return { ...short, ...renderEmail(own, context, to, toText) };
  const { limit, what } = bodyLimit(channel, context.action);
  return { ...short, text: own.body === undefined ? '' : atMost(limit, what, to.text('body', own.body)) };
}

type Renderer = ReturnType<typeof renderer>;

function renderer(context: RenderContext) {
  const scope = scopeFor(context.lead, context.sender, context.unsubscribeUrl);
  const run = (field: string, source: string, escape: Escape): string => {
    try {
      return renderTemplate(
        source,
        scope,
        escape,
        `${context.lead.seed}:${context.stepId}:${field}`,
        context.patienceMs,
      );
    } catch (error) {
      throw explain(error, source);
    }
  };
  const text = (field: string, source: string): string => run(field, source, (value) => value).trim();
  const html = (field: string, source: string, toHtml: (marked: string) => Gapped): string => {
    const aside = new SetAside();
    return fillIn(toHtml(run(field, source, (value) => aside.mark(value))), aside);
  };
  return {
    text,
    /** One line: line breaks in values become spaces, so that no value can begin a header of its own. */
    line: (field: string, source: string): string => text(field, source).replace(/\s+/g, ' '),
    html: (field: string, source: string): string => html(field, source, (marked) => gapped(marked.trim())),
    markdown: (field: string, source: string): string => html(field, source, markdownToHtml),
    url(field: string, source: string): string {
      const url = run(field, source, (value, encoded) =>
        encoded ? value : encodeURIComponent(value),
      ).trim();
      if (!URL.canParse(url)) throw new CopyError('template_failed', 'the rendered address is not valid');
      return url;
    },
    data(field: string, value: unknown): unknown {
      if (typeof value === 'string') return text(field, value);
      if (Array.isArray(value)) return value.map((item, index) => this.data(`${field}.${index}`, item));
      if (typeof value !== 'object' || value === null) return value;
      return mapValues(value as Record<string, unknown>, (item, name) => this.data(`${field}.${name}`, item));
    },
  };
}

function renderEmail(
  copy: StepCopy,
  { unsubscribeFooter }: RenderContext,
  to: Renderer,
  toText: (html: string) => string,
): { text: string; html: string; footer?: string } {
  const body = copy.html === undefined ? to.markdown('body', copy.body ?? '') : to.html('html', copy.html);
  if (isEmptyHtml(body)) throw new CopyError('template_failed', 'the rendered email is empty');
  const footer = unsubscribeFooter === null ? null : to.markdown('footer', unsubscribeFooter);
  const html = atMost(LIMITS.email, 'an email', footer === null ? body : withFooter(body, footer));
  const own = copy.text === undefined ? null : atMost(LIMITS.email, 'an email', to.text('text', copy.text));
  const below = footer === null ? null : toText(footer);
  return {
    text: own === null ? toText(html) : [own, ...(below === null ? [] : [below])].join('\n\n'),
    html,
    ...(below !== null && { footer: below }),
  };
}

function withFooter(html: string, footer: string): string {
  const block = `<div style="margin-top:2em;font-size:0.85em;color:#666666">${footer}</div>`;
  const end = html.search(/<\/body\s*>(?![\s\S]*<\/body\s*>)/i);
  return end < 0 ? `${html}\n${block}` : `${html.slice(0, end)}${block}\n${html.slice(end)}`;
}

/** @throws CopyError when there are more characters than the channel takes, or none at all */
function atMost(limit: number, what: string, text: string): string {
  // Counting characters takes long; there are never more of them than there are units.
  const length = text.length > limit ? [...text].length : text.length;
  if (length > limit)
    throw new CopyError(
      'text_too_long',
      `${what} takes at most ${limit} characters; rendered it has ${length}`,
    );
  if (length === 0) throw new CopyError('template_failed', `${what} is empty when rendered`);
  return text;
}

/** Sorts the template engine's errors. Its messages can quote values, so they are not passed on. */
function explain(error: unknown, source: string): CopyError {
  if (error instanceof CopyError) return error;
  const chain: {
    name?: string;
    message?: string;
    variableName?: string;
    token?: { begin?: number; end?: number };
  }[] = [];
  for (
    let next = error;
    next instanceof Error && chain.length < 5;
    next = (next as { originalError?: unknown }).originalError
  )
    chain.push(next);
  const variable = chain.find((link) => typeof link.variableName === 'string')?.variableName;
  if (variable !== undefined) return new MissingVariable(variable);
  const token = chain[0]?.token;
  const written = source.slice(token?.begin ?? 0, token?.end ?? 0);
  if (chain.some((link) => link instanceof BlankValue)) {
    return new MissingVariable(/^\{\{-?\s*([\w.[\]-]+)/.exec(written)?.[1] ?? (written || 'a value'));
  }
  const bad = chain.find((link) => link instanceof BadValue);
  if (bad) return new CopyError('unsafe_value', bad.message ?? '');
  const limited = chain.some((link) => /limit exceeded/.test(link.message ?? ''));
  return new CopyError(
    'template_failed',
    limited
      ? 'the template takes too long or too much memory'
      : `the template fails at ${written.slice(0, 80)}`,
  );
}

function mapValues<In, Out>(
  values: Readonly<Record<string, In>>,
  change: (value: In, name: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));
}
