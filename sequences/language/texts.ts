import type { Path, SourceDocument } from './document.ts';
import { LIMITS } from './limits.ts';
import { type Problem } from './problems.ts';
import { checkTemplate, type TemplateUse } from './templates/check-template.ts';
import { checkPlaces } from './templates/check-places.ts';
import { isFields, type WrittenStep } from './walk.ts';

/** A template as it was written, and what it is for. */
interface WrittenText {
  readonly path: Path;
  readonly text: unknown;
  readonly use: TemplateUse;
  /** How it becomes HTML, if it does. */
  readonly html?: 'markdown' | 'html';
}

/** Checks every template of a definition: syntax, filters, variables, length. */
export function checkTexts(document: SourceDocument, steps: readonly WrittenStep[]): readonly Problem[] {
  const footer = isFields(document.value) ? document.value.unsubscribe_footer : undefined;
  const texts = steps.flatMap(textsOf);
  texts.push({ path: ['unsubscribe_footer'], text: footer, use: EMAIL, html: 'markdown' });
  const problems: Problem[] = [];
  if (typeof footer === 'string' && !/\{\{-?\s*unsubscribe_url\b/.test(footer)) {
    problems.push(
      document.at(
        ['unsubscribe_footer'],
        'the footer has no {{ unsubscribe_url }}',
        'for example [Unsubscribe]({{ unsubscribe_url }})',
      ),
    );
  }
  for (const { path, text, use, html } of texts) {
    if (typeof text !== 'string') continue;
    const faults = checkTemplate(text, use);
    const places = html && faults.length === 0 ? checkPlaces(text, html) : [];
    for (const { offset, snippet, message, hint } of [...faults, ...places])
      problems.push(document.within(path, offset, snippet, message, hint));
  }
  return problems;
}

const EMAIL: TemplateUse = { limit: LIMITS.email, what: 'an email', email: true };
const SUBJECT: TemplateUse = { limit: LIMITS.subject, what: 'a subject', email: true };
const NOTE: TemplateUse = { limit: LIMITS.linkedin_note, what: 'a LinkedIn note', email: false };
const LINKEDIN: TemplateUse = { limit: LIMITS.linkedin_message, what: 'a LinkedIn message', email: false };
const SMS: TemplateUse = { limit: LIMITS.sms, what: 'an SMS', email: false };
const WHATSAPP: TemplateUse = { limit: LIMITS.whatsapp, what: 'a WhatsApp message', email: false };
const TITLE: TemplateUse = { limit: LIMITS.title, what: 'a title', email: false };
const OTHER: TemplateUse = { limit: null, what: 'a text', email: false };

function textsOf(step: WrittenStep): WrittenText[] {
  const [kind] = step.kinds;
  const content = kind === undefined ? null : step.fields[kind];
  if (kind === undefined || !isFields(content)) return [];
  const path = [...step.path, kind];
  const field = (name: string, use: TemplateUse): WrittenText => ({
    path: [...path, name],
    text: content[name],
    use,
  });
  switch (kind) {
    case 'email':
      return emailTexts(content, path);
    case 'linkedin':
      return [field('note', NOTE), field('text', LINKEDIN)];
    case 'sms':
      return [field('text', SMS)];
    case 'whatsapp':
      return whatsappTexts(content, path);
    case 'call':
      return [field('script', OTHER)];
    case 'task':
      return [field('title', TITLE), field('body', OTHER)];
    case 'webhook':
      return [field('url', OTHER), ...nestedTexts(content.data, [...path, 'data'])];
    case 'message':
      return isFields(content.texts) ? messageTexts(content.texts, [...path, 'texts']) : [];
    default:
      return [];
  }
}

function emailTexts(email: Readonly<Record<string, unknown>>, path: Path): WrittenText[] {
  return [
    { path: [...path, 'subject'], text: email.subject, use: SUBJECT },
    { path: [...path, 'body'], text: email.body, use: EMAIL, html: 'markdown' },
    { path: [...path, 'html'], text: email.html, use: EMAIL, html: 'html' },
    { path: [...path, 'text'], text: email.text, use: EMAIL },
  ];
}

function whatsappTexts(whatsapp: Readonly<Record<string, unknown>>, path: Path): WrittenText[] {
  const variables = isFields(whatsapp.variables) ? Object.entries(whatsapp.variables) : [];
  return [
    { path: [...path, 'text'], text: whatsapp.text, use: WHATSAPP },
    ...variables.map(([name, text]): WrittenText => ({
      path: [...path, 'variables', name],
      text,
      use: WHATSAPP,
    })),
  ];
}

function messageTexts(texts: Readonly<Record<string, unknown>>, path: Path): WrittenText[] {
  const short = (channel: string, use: TemplateUse): WrittenText[] => {
    const text = texts[channel];
    if (isFields(text))
      return channel === 'whatsapp'
        ? whatsappTexts(text, [...path, channel])
        : [{ path: [...path, channel, 'text'], text: text.text, use }];
    return [{ path: [...path, channel], text, use }];
  };
  const email = isFields(texts.email) ? emailTexts(texts.email, [...path, 'email']) : [];
  return [...email, ...short('linkedin', LINKEDIN), ...short('sms', SMS), ...short('whatsapp', WHATSAPP)];
}

function nestedTexts(value: unknown, path: Path): WrittenText[] {
  if (typeof value === 'string') return [{ path, text: value, use: OTHER }];
  if (Array.isArray(value)) return value.flatMap((item, index) => nestedTexts(item, [...path, index]));
  return isFields(value)
    ? Object.entries(value).flatMap(([name, item]) => nestedTexts(item, [...path, name]))
    : [];
}
