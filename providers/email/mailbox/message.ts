/** A message that came to a mailbox, as far as it says what it is and what it answers. */
import { simpleParser, type ParsedMail } from 'mailparser';

export interface IncomingMail {
  /** Lower case; null: none can be read. */
  readonly from: string | null;
  readonly messageId: string | null;
  /** What it answers: In-Reply-To first, then References, the last one first. */
  readonly answers: readonly string[];
  readonly subject: string;
  /** Without quote and signature. */
  readonly text: string;
  readonly kind: MailKind;
  /** `bounce` and `complaint`: our touch that it is about, by X-Cadenza-Touch, and the Message-IDs in it. */
  readonly about: { readonly touchId: string | null; readonly messageIds: readonly string[] } | null;
  readonly bounce: Bounce | null;
}

/**
 * `auto_reply`: a machine answers for somebody (RFC 3834); `bulk`: a newsletter or notice, which answers nobody. What is not
 * plainly a machine's is a person's.
 */
export type MailKind = 'human' | 'auto_reply' | 'bulk' | 'bounce' | 'complaint';

/** A delivery report (RFC 3464). */
export interface Bounce {
  /** `no_such_address`: nobody will ever be reached there; `failed`: this message was not delivered; `delayed`: it may be yet. */
  readonly kind: 'no_such_address' | 'failed' | 'delayed';
  /** Enhanced status (RFC 3463), such as 5.1.1. */
  readonly status: string | null;
  readonly recipient: string | null;
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** Bad mailbox, bad domain, bad syntax, moved, invalid: the address itself is what is wrong. */
const NOBODY = /^5\.1\.(1|2|3|6|10)$/;
const AWAY_SUBJECT =
  /^\s*(automatic reply|auto(matic)?[- ]?reply|out of (the )?office|automatische antwort|abwesenheitsnotiz|réponse automatique|respuesta automática|risposta automatica|resposta automática|otomatik yanıt)\b/iu;

/** Reads the message; what is broken in it is left out. Never throws for what the sender wrote. */
export async function readMail(raw: Buffer): Promise<IncomingMail> {
  const parsed = await simpleParser(raw, { skipTextToHtml: true, skipImageLinks: true }).catch(() => null);
  const end = raw.indexOf('\r\n\r\n');
  const source = raw.toString('latin1');
  const header = (end < 0 ? source : source.slice(0, end)).replace(/\r\n[ \t]+/g, ' ');
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(header)?.[1]?.trim() ?? '';
  const answers = idsIn(`${field('In-Reply-To')} ${idsIn(field('References')).reverse().join(' ')}`);
  const kind = kindOf(field, answers.length > 0);
  const report = kind === 'bounce' || kind === 'complaint' ? reportOf(source, parsed) : null;
  return {
    from: parsed?.from?.value[0]?.address?.toLowerCase() ?? addressIn(field('From')),
    messageId: idsIn(field('Message-ID'))[0] ?? null,
    answers,
    subject: parsed?.subject ?? field('Subject'),
    text: withoutQuote(parsed?.text ?? source.slice(Math.max(0, end))),
    kind,
    about: report === null ? null : aboutOf(report),
    bounce: report !== null && kind === 'bounce' ? bounceOf(report) : null,
  };
}

function kindOf(field: (name: string) => string, answersSomething: boolean): MailKind {
  const type = field('Content-Type').toLowerCase();
  if (/multipart\/report/.test(type)) {
    if (/report-type="?delivery-status/.test(type)) return 'bounce';
    if (/report-type="?feedback-report/.test(type)) return 'complaint';
  }
  const automatic = field('Auto-Submitted').toLowerCase();
  if (automatic.startsWith('auto-replied')) return 'auto_reply';
  const precedence = field('Precedence').toLowerCase();
  if (precedence === 'auto_reply' || field('X-Autoreply') || field('X-Autorespond')) return 'auto_reply';
  if (AWAY_SUBJECT.test(field('Subject')) || (automatic && automatic !== 'no'))
    return answersSomething || AWAY_SUBJECT.test(field('Subject')) ? 'auto_reply' : 'bulk';
  if (field('Return-Path') === '<>') return 'auto_reply';
  if (answersSomething) return 'human';
  return field('List-Id') || field('List-Unsubscribe') || /^(bulk|list|junk)$/.test(precedence)
    ? 'bulk'
    : 'human';
}

/** The text of the report and of what is attached to it, in whatever encoding. */
function reportOf(source: string, parsed: ParsedMail | null): string {
  const attached = (parsed?.attachments ?? [])
    .filter(({ contentType }) => /^(message|text)\//.test(contentType))
    .map(({ content }) => content.toString('latin1'));
  const body = source.slice(Math.max(0, source.indexOf('\r\n\r\n')));
  return [body, ...attached, parsed?.text ?? ''].join('\r\n').replace(/\r?\n[ \t]+/g, ' ');
}

function aboutOf(report: string): NonNullable<IncomingMail['about']> {
  const touchId = new RegExp(`^X-Cadenza-Touch:[ \\t]*(${UUID})`, 'im').exec(report)?.[1] ?? null;
  const messageIds = [...report.matchAll(/^(?:Message-ID|Original-Message-ID):(.*)$/gim)];
  return { touchId, messageIds: idsIn(messageIds.map(([, value]) => value).join(' ')) };
}

function bounceOf(report: string): Bounce {
  const one = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(report)?.[1]?.trim() ?? '';
  const status = /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(one('Status'))?.[0] ?? null;
  const action = one('Action').toLowerCase();
  const failed = action === 'failed' || (action === '' && status?.startsWith('5'));
  return {
    kind: !failed ? 'delayed' : status !== null && NOBODY.test(status) ? 'no_such_address' : 'failed',
    status,
    recipient: addressIn(one('Final-Recipient')) ?? addressIn(one('Original-Recipient')),
  };
}

function idsIn(text: string): string[] {
  return [...new Set(text.slice(0, 20_000).match(/<[^\s<>]{1,400}@[^\s<>]{1,400}>/g) ?? [])];
}

function addressIn(text: string): string | null {
  return /[^\s<>;,"]+@[^\s<>;,"]+/.exec(text)?.[0].toLowerCase() ?? null;
}

const QUOTE_BEGINS = [
  /^>/,
  /^-{2,}\s*(original message|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale)/i,
  /^(on|am|le|el|il|em)\b.{5,200}(wrote|schrieb.{0,100}|a écrit|escribió|ha scritto|escreveu)\s*:\s*$/i,
  /^.{5,200}(tarihinde|yazdı).{0,100}:\s*$/i,
  /^_{10,}\s*$/,
];

function withoutQuote(text: string): string {
  const lines = text.slice(0, 200_000).split(/\r?\n/);
  const end = lines.findIndex(
    (line, index) =>
      /^-- ?$/.test(line) ||
      QUOTE_BEGINS.some((begins) => begins.test(line) || begins.test(`${line} ${lines[index + 1] ?? ''}`)),
  );
  const own = lines
    .slice(0, end < 0 ? undefined : end)
    .join('\n')
    .trim();
  return own || text.trim();
}
