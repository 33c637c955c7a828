import { STEP_OUTCOMES } from '../plan.ts';
import type { Path, SourceDocument } from './document.ts';
import { quote, suggest, type Problem } from './problems.ts';
import { stepSchema, type StepKind } from './schema.ts';
import { isFields, type WrittenStep } from './walk.ts';

type Fields = Readonly<Record<string, unknown>>;
type Report = (problem: Problem) => void;

/** Which kinds a step's other fields go with. */
const GOES_WITH: Readonly<Record<string, readonly StepKind[]>> = {
  then: ['if', 'wait_for'],
  else: ['if', 'wait_for'],
  outcomes: ['call', 'task'],
  review: ['email', 'linkedin', 'sms', 'whatsapp', 'message'],
  on_failure: ['email', 'linkedin', 'sms', 'whatsapp', 'call', 'task', 'message', 'webhook'],
};

const STEP_FIELDS = new Set(Object.keys(stepSchema.shape));

/** Checks what the schema cannot say: which fields of a step go together. */
export function checkSteps(document: SourceDocument, steps: readonly WrittenStep[]): readonly Problem[] {
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  for (const step of steps) {
    checkKind(document, step, report);
    const [kind] = step.kinds;
    if (step.kinds.length !== 1 || kind === undefined) continue;
    checkModifiers(document, step, kind, report);
    const content = step.fields[kind];
    if (isFields(content)) CONTENT[kind]?.(document, content, [...step.path, kind], report);
  }
  return problems;
}

function checkKind(document: SourceDocument, step: WrittenStep, report: Report): void {
  const { kinds, path, fields } = step;
  if (kinds.length > 1) {
    report(
      document.at(
        path,
        `a step has one kind; this one has ${kinds.join(' and ')}`,
        'make them separate steps, each with its own "- "',
      ),
    );
  }
  // An unknown field is reported already, and most likely is the misspelt kind.
  if (kinds.length === 0 && Object.keys(fields).every((key) => STEP_FIELDS.has(key))) {
    report(
      document.at(
        path,
        'this step has no kind',
        'one of: email, linkedin, sms, whatsapp, call, task, message, webhook, wait, wait_for, if, split, goal, end, reactivate',
      ),
    );
  }
}

function checkModifiers(document: SourceDocument, step: WrittenStep, kind: StepKind, report: Report): void {
  const { fields, path } = step;
  for (const [name, kinds] of Object.entries(GOES_WITH)) {
    if (!Object.hasOwn(fields, name) || kinds.includes(kind)) continue;
    const hint =
      kind === 'linkedin' && name === 'else' ? 'put it inside linkedin' : `it goes with: ${kinds.join(', ')}`;
    report(document.atKey([...path, name], `${quote(name)} does not go with ${kind}`, hint));
  }
  if ((kind === 'if' || kind === 'wait_for') && !fields.then && !fields.else) {
    report(
      document.at(
        path,
        `${quote(kind)} without "then" or "else" changes nothing`,
        'give the steps for at least one of them',
      ),
    );
  }
  const action = isFields(fields.linkedin) ? fields.linkedin.action : null;
  if (fields.review === true && (action === 'visit' || action === 'follow')) {
    report(document.atKey([...path, 'review'], `there is nothing to review in a ${action}`, 'remove review'));
  }
  if ((kind === 'call' || kind === 'task') && isFields(fields.outcomes)) {
    const possible: readonly string[] = STEP_OUTCOMES[kind];
    for (const outcome of Object.keys(fields.outcomes)) {
      if (possible.includes(outcome)) continue;
      report(
        document.atKey(
          [...path, 'outcomes', outcome],
          `a ${kind} has no outcome ${quote(outcome)}`,
          suggest(outcome, possible, 'outcomes'),
        ),
      );
    }
  }
}

const CONTENT: Partial<
  Record<StepKind, (document: SourceDocument, content: Fields, path: Path, report: Report) => void>
> = {
  email: checkEmail,
  linkedin: checkLinkedin,
  whatsapp: checkWhatsapp,
  message: checkMessage,
  split: checkSplit,
  webhook: checkWebhook,
};

function checkEmail(document: SourceDocument, email: Fields, path: Path, report: Report): void {
  if (email.subject === undefined && email.reply_to === undefined) {
    report(document.atKey(path, '"subject" is missing', 'only an email with reply_to may go without'));
  }
  if (email.body === undefined && email.html === undefined)
    report(document.atKey(path, '"body" is missing', 'give a body (Markdown) or html'));
  if (email.body !== undefined && email.html !== undefined) {
    report(
      document.atKey(
        [...path, 'html'],
        'an email has a body or html, not both',
        'keep one; text is the plain-text alternative',
      ),
    );
  }
  if (typeof email.subject === 'string' && /[\r\n]/.test(email.subject.trim())) {
    report(
      document.at(
        [...path, 'subject'],
        'a subject has no line breaks',
        'write it on one line, or with >- folded',
      ),
    );
  }
}

function checkLinkedin(document: SourceDocument, linkedin: Fields, path: Path, report: Report): void {
  const { action } = linkedin;
  if (typeof action !== 'string') return;
  if (action === 'message' && linkedin.text === undefined)
    report(document.atKey(path, '"text" is missing', 'a LinkedIn message has a text'));
  const belongs = { note: 'invite', text: 'message', wait_for_connection: 'message', else: 'message' };
  for (const [name, wanted] of Object.entries(belongs)) {
    if (linkedin[name] === undefined || action === wanted) continue;
    const hint =
      name === 'text' && action === 'invite' ? 'an invite has a note' : `it goes with action: ${wanted}`;
    report(document.atKey([...path, name], `${quote(name)} does not go with action: ${action}`, hint));
  }
}

function checkWhatsapp(document: SourceDocument, whatsapp: Fields, path: Path, report: Report): void {
  const both = whatsapp.text !== undefined && whatsapp.content_sid !== undefined;
  const neither = whatsapp.text === undefined && whatsapp.content_sid === undefined;
  if (both || neither) {
    report(
      document.atKey(
        path,
        `a WhatsApp message has content_sid or text${both ? ', not both' : ''}`,
        'content_sid reaches a lead at any time, text only within 24 hours of their last message',
      ),
    );
  }
  if (whatsapp.variables !== undefined && whatsapp.content_sid === undefined) {
    report(
      document.atKey(
        [...path, 'variables'],
        '"variables" goes with content_sid',
        'write the values into the text',
      ),
    );
  }
}

function checkMessage(document: SourceDocument, message: Fields, path: Path, report: Report): void {
  const { texts } = message;
  if (!isFields(texts)) return;
  if (Object.keys(texts).length === 0)
    report(document.atKey([...path, 'texts'], '"texts" is empty', 'one text for each channel it may take'));
  if (isFields(texts.whatsapp))
    checkWhatsapp(document, texts.whatsapp, [...path, 'texts', 'whatsapp'], report);
  if (!isFields(texts.email)) return;
  checkEmail(document, texts.email, [...path, 'texts', 'email'], report);
  if (texts.email.reply_to !== undefined) {
    report(
      document.atKey(
        [...path, 'texts', 'email', 'reply_to'],
        'a message cannot continue a thread',
        'use an email step',
      ),
    );
  }
}

function checkSplit(document: SourceDocument, split: Fields, path: Path, report: Report): void {
  if (Object.keys(split).length < 2)
    report(
      document.atKey(
        path,
        'a split has at least two arms',
        '{ a: { weight: 50, steps: […] }, b: { weight: 50, steps: […] } }',
      ),
    );
}

function checkWebhook(document: SourceDocument, webhook: Fields, path: Path, report: Report): void {
  const { url } = webhook;
  if (typeof url !== 'string') return;
  if (!/^https?:\/\/[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?([/?#]|$)/.test(url.trim())) {
    report(
      document.at(
        [...path, 'url'],
        `expected a web address with a fixed host, found ${quote(url)}`,
        'for example https://example.com/hook; templates may stand after the host',
      ),
    );
  }
}
