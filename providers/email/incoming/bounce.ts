/** Delivery reports: by RFC 3464 where they are, else by what the programs that write others put into them. */
import { enhancedIn, kindOf, saysWhy, tellingStatusIn } from './status.ts';
import type { Bounce, IncomingMail } from './types.ts';

export interface Report {
  readonly class: 'bounce' | 'delayed' | 'other';
  readonly bounce: Bounce | null;
  readonly why: string;
}

const ADDRESS = /[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*/;
const addressIn = (text: string | undefined): string | null =>
  ADDRESS.exec(
    (text ?? '').replace(/^\s*(?:rfc822|x-\w+|unknown|utf-8|local|system)\s*;/i, ''),
  )?.[0]?.toLowerCase() ?? null;

/** A report by the book: `message/delivery-status`. null: there is none, or it says nothing. */
export function standardReport(mail: IncomingMail, own: string): Report | null {
  // A person who attaches a report to an answer is a person.
  if (!/multipart\/report/.test(mail.contentType) && !isSystem(mail) && answersSomething(mail, own))
    return null;
  const recipients = mail.deliveryStatus.filter(
    (block) => block.has('action') || block.has('final-recipient') || block.has('status'),
  );
  if (recipients.length === 0) return null;
  const actionOf = (block: ReadonlyMap<string, string>) =>
    (block.get('action') ?? '').toLowerCase().replace(/[^a-z].*$/, '');
  const failed =
    recipients.find((block) => actionOf(block) === 'failed') ??
    recipients.find((block) => actionOf(block) === '' && (block.get('status') ?? '').startsWith('5'));
  const block = failed ?? recipients.find((each) => actionOf(each) === 'delayed') ?? recipients[0]!;
  const diagnostic = block.get('diagnostic-code') ?? '';
  const recipient =
    addressIn(block.get('final-recipient')) ??
    addressIn(block.get('original-recipient')) ??
    mail.original?.to ??
    null;
  const action = actionOf(block);
  if (!failed && action !== 'delayed') {
    // Gateways write actions of their own ("expired"), translate them, or leave them and the status empty.
    const status = block.get('status') ?? '';
    const isGood = ['delivered', 'relayed', 'expanded'].includes(action) || status.startsWith('2');
    const saysFailure =
      /^[45]/.test(status) ||
      action !== '' ||
      /\b[45]\d\d\b/.test(diagnostic) ||
      TEXT.test(mail.text.slice(0, 6000));
    if (isGood || !saysFailure) return { class: 'other', bounce: null, why: 'delivery_notice' };
  }
  if (!failed && action === 'delayed') {
    const gaveUp = /giving up|gave up|will not (?:be retried|try again)|has been (?:returned|expired)/i.test(
      mail.text,
    );
    if (!gaveUp)
      return {
        class: 'delayed',
        bounce: bounceOf(block.get('status') ?? '', diagnostic, '', recipient),
        why: 'delay_report',
      };
  }
  return {
    class: 'bounce',
    bounce: bounceOf(block.get('status') ?? '', diagnostic, mail.text, recipient),
    why: 'delivery_report',
  };
}

/**
 * The status that says most. The receiver's own code in the diagnostic goes before what the reporting server made of it: "5.0.0", "time
 * ran out", or a user unknown where the receiver's words are of a full mailbox.
 */
function bounceOf(given: string, diagnostic: string, text: string, recipient: string | null): Bounce {
  const reported = enhancedIn(` ${given} `);
  const words = /[a-z]{3}/i.test(diagnostic.replace(/^\s*(?:smtp|x-\w+)\s*;/i, ''))
    ? diagnostic
    : ownText(text);
  const said = tellingStatusIn(diagnostic) ?? (saysWhy(reported) ? null : tellingStatusIn(ownText(text)));
  const status =
    saysWhy(said) &&
    (!saysWhy(reported) || said[0]! > reported[0]! || (said[0] === reported[0] && said[2] !== reported[2]))
      ? said
      : (reported ?? said);
  return {
    kind: kindOf(status, words),
    status,
    recipient,
    detail: words.replace(/\s+/g, ' ').trim().slice(0, 500) || null,
  };
}

const ownText = (text: string): string => splitOriginal(text).own.slice(0, 3000);

const FROM =
  /^(?:mailer[-_.]?daemon|post_?master|mail[-_.]?daemon|mailerdaemon|mail delivery|mdaemon|bounces?|bounced|noreply-?bounce|delivery|mailbounce|microsoftexchange[0-9a-f]*|exchange|system administrator|antispam|mailsystem|daemon)/i;
const FROM_NAME =
  /mail delivery|mailer[- ]?daemon|postmaster|delivery (?:sub)?system|undelivered|system administrator|systemadministrator|mail (?:system|administrator)|mailsystem|bounce|delivery status/i;
const SUBJECT =
  /^\s*(?:\[[^\]]{1,40}\]\s*)?(?:undeliver|undelivered|non[- ]?remis|unzustellbar|nicht zustellbar|non recapit|no se puede entregar|no entregado|impossible de remettre|não é possível entregar|teslim edilem|iletilem|mail delivery (?:failed|failure|problem|error|system)|delivery (?:status )?notification|delivery (?:status )?(?:failure|failed|report|error)|delivery has failed|failure notice|failed (?:mail|delivery)|failure delivery|returned mail|returned to sender|message (?:not delivered|undeliverable|could not be delivered|delivery failure|delayed|status)|mail (?:could not be|not) delivered|mail fail|メールエラー|mail system error|mail undeliverable|warning: (?:message|could not send)|mail delivery warning|delivery delay|unable to deliver|could not (?:be delivered|deliver)|mensaje (?:no|devuelto)|message non distribu|avis de non[- ]remise|unzustellbare|zustell|fehlgeschlagen|mislukt|rückläufer|mancato recapito|notification d['’]état|notificación|falha na entrega|error (?:sending|delivering)|nondeliverable|non[- ]deliver|rejected|bounce|problem delivering|user unknown|dns error|mailbox (?:full|unavailable)|ndn:|dsn:|permanent delivery failure|delivery failure|automatically rejected mail|email delivery failure|cannot deliver|wiadomość|недостав|сообщение|メール|배달|投递失败|退信|メッセージ|系统退信)/i;
const TEXT =
  /did not reach the following|could not be delivered|not been delivered|could ?n[o']t be delivered|wasn'?t delivered|was not delivered|couldn'?t be delivered|unable to deliver|undeliverable|not (?:be )?delivered to|delivery (?:to the following|has failed|failed|failure)|failed (?:permanently|to deliver|recipient)|following (?:address|recipient|addresses)[^\n]{0,60}(?:failed|fatal|errors?|not)|(?:had|were) (?:permanent )?(?:fatal|non-fatal|delivery) errors|reached (?:a |the )?recipient|permanent(?:ly)? (?:fatal )?(?:error|failed|failure)|message (?:that you sent|you sent)[^\n]{0,40}(?:could not|was not|has not)|this is (?:the|a) (?:mail (?:system|delivery)|qmail-send|postfix|permanent error|automatically generated delivery)|returned (?:to sender|message|mail)|i'?m (?:sorry|afraid)[^\n]{0,40}(?:have to inform|wasn't able)|host (?:unknown|not found)|user (?:unknown|not found)|no such user|mailbox (?:unavailable|full|is full)|(?:konnte|kann)(?:n?te?n?)? nicht (?:zu?ge?stellt|ausgeliefert)|nicht zugestellt|n'a pas (?:pu )?(?:été|être) (?:remis|distribué)|no (?:se )?(?:ha podido|pudo|puede|pudimos) entrega|não (?:foi|pôde)[^\n]{0,20}entreg|non (?:è stato|può)[^\n]{0,30}(?:recapit|consegn)|teslim edilem|iletilemedi/i;
const DELAY =
  /(?:has )?not (?:yet )?been (?:delivered|sent)[^\n]{0,60}(?:yet|so far|after|will|hours?)|delivery (?:is |has been )?delay|delayed|will (?:continue to|keep) (?:try|retry|attempt)|(?:still )?being (?:re)?tried|you do not need to resend|no action is required on your part|warning message only|temporarily deferred|not yet delivered|wird weiter(?:hin)? versucht|noch nicht zugestellt/i;

/** Whether a mail system wrote it, beyond doubt. */
function isSystem(mail: IncomingMail): boolean {
  return (
    /^(?:mailer[-_.]?daemon|post_?master|mail[-_.]?daemon|mdaemon|microsoftexchange[0-9a-f]+)@/i.test(
      mail.from ?? '',
    ) ||
    /^(?:mail delivery (?:sub)?system|mailer[- ]?daemon|system administrator|postmaster)$/i.test(
      mail.fromName ?? '',
    ) ||
    mail.headers.has('x-failed-recipients') ||
    /report-type="?delivery-status/.test(mail.contentType)
  );
}

/** An answer to something, with words of its own: a person's, unless a mail system wrote it. */
export function answersSomething(mail: IncomingMail, own: string): boolean {
  return (
    own !== '' &&
    (mail.inReplyTo.length > 0 ||
      mail.references.length > 0 ||
      /^\s*(?:re|aw|antw|ynt|sv|rv|res|r)\s*:/i.test(mail.subject))
  );
}

const MISSED =
  /(?:could ?n[o']t|can ?not|was ?n[o']t|unable to) (?:be )?deliver(?:ed)?\b|^[- ]*failed recipients?\b|nicht zugestellt|n'a pas pu [eê]tre d[ée]livr/im;
const ALONE =
  /^[ \t]*(?:[^@:\n]{1,60}:[ \t]*|unable to deliver message to )?(?:"[^"\n]{0,100}"[ \t]*)?(?:<[\w.+=-]{1,64}@[\w.-]+>|[\w.+=-]{1,64}@[\w.-]+)[ \t]*(?:$|[:(])/im;

const REASON = /^\W*(?:reason|error|diagnostic|grund|motivo|raison)\b.{0,20}:/im;

/**
 * Gateways write from any address, so their layout has to tell: that something was not delivered, and below it the address on a line of
 * its own. People who write of such a failure greet, or ask.
 */
function namesWhomItMissed(text: string): boolean {
  const start = text.slice(0, 1500);
  const at = start.search(MISSED);
  return (
    at >= 0 &&
    ALONE.test(start.slice(at, at + 500)) &&
    !/\?|^\s*(?:hi|hello|hey|dear|hallo|guten|liebe|sehr|bonjour|hola|ciao|merhaba)\b/im.test(start)
  );
}

/** Sieve's `reject` (RFC 5429) answers with a receipt that says "deleted": nobody has read it, nobody will. */
export function isRejectingReceipt(mail: IncomingMail): boolean {
  const rejected = /\(rejected\)/i.test((mail.headers.get('auto-submitted') ?? []).join(' '));
  return rejected || /^automatically rejected mail/i.test(mail.subject);
}

/** Whether the message comes from a mail system, as far as one can see without a report in it. */
export function looksLikeReport(mail: IncomingMail, own: string): boolean {
  const { subject } = mail;
  const text = mail.text.slice(0, 6000);
  const failed = mail.headers.has('x-failed-recipients');
  if (isSystem(mail)) {
    const isReturned =
      /^mailer-?daemon@/i.test(mail.from ?? '') && mail.parts.includes('message/rfc822') && ALONE.test(text);
    const said =
      SUBJECT.test(subject) ||
      TEXT.test(text) ||
      failed ||
      isReturned ||
      /^.{0,200}\b5\d\d\b[ -]/m.test(text);
    // A postmaster is a person, too, and may answer.
    return (
      said &&
      (failed ||
        !/^post_?master@/i.test(mail.from ?? '') ||
        !answersSomething(mail, own) ||
        SUBJECT.test(subject) ||
        /error message|\b5\d\d\b[ -]/i.test(text))
    );
  }
  if (answersSomething(mail, own)) return false;
  if (SUBJECT.test(subject) && namesWhomItMissed(text)) return true;
  if (SUBJECT.test(subject) && TEXT.test(text) && mail.original !== null && REASON.test(text)) return true;
  const perhaps =
    FROM.test(mail.from ?? '') ||
    FROM_NAME.test(mail.fromName ?? '') ||
    (mail.headers.get('return-path') ?? []).some((path) => /^<>$/.test(path.trim()));
  return perhaps && (SUBJECT.test(subject) || TEXT.test(text));
}

/** Mail systems and their keepers: what they write by themselves is no lead's answer. */
export function fromMailSystem(mail: IncomingMail, own: string): boolean {
  return (
    /^mailer-?daemon@/i.test(mail.from ?? '') ||
    (/^post_?master@/i.test(mail.from ?? '') && !answersSomething(mail, own))
  );
}

/** Amazon SES's notifications by SNS: JSON (docs.aws.amazon.com/ses, "Amazon SNS notification contents"). null: it is none. */
export function sesNotification(mail: IncomingMail): Report | 'complaint' | null {
  const json = mail.text.slice(mail.text.indexOf('{'), mail.text.lastIndexOf('}') + 1);
  if (!/\b(?:notificationType|eventType)\b/.test(json)) return null;
  try {
    const outer = JSON.parse(json.replaceAll('\n', '')) as { Message?: unknown };
    const told = (typeof outer.Message === 'string' ? JSON.parse(outer.Message) : outer) as {
      notificationType?: string;
      eventType?: string;
      bounce?: {
        bounceType?: string;
        bouncedRecipients?: { emailAddress?: string; status?: string; diagnosticCode?: string }[];
      };
    };
    if ((told.notificationType ?? told.eventType) === 'Complaint') return 'complaint';
    if ((told.notificationType ?? told.eventType) !== 'Bounce')
      return { class: 'other', bounce: null, why: 'ses_notification' };
    const [first] = told.bounce?.bouncedRecipients ?? [];
    const said = first?.diagnosticCode ?? told.bounce?.bounceType ?? '';
    return {
      class: 'bounce',
      bounce: bounceOf(first?.status ?? '', said, '', addressIn(first?.emailAddress)),
      why: 'ses_notification',
    };
  } catch {
    return null;
  }
}

/** A report in words. */
export function reportInWords(mail: IncomingMail): Report {
  const { own, original } = splitOriginal(mail.text);
  const said = own.slice(0, 6000);
  const delayed =
    (DELAY.test(said) || kindOf(tellingStatusIn(said), `${mail.subject}\n${said}`) !== 'hard') &&
    (/\b(?:delay|warning|verzöger|retard)/i.test(mail.subject) || DELAY.test(said)) &&
    !/giving up|gave up|permanent|has failed|was(?:n'?t| not) able to deliver|could not be delivered to one or more/i.test(
      said,
    );
  const recipient =
    addressIn(mail.headers.get('x-failed-recipients')?.[0]) ??
    recipientIn(said, mail) ??
    mail.original?.to ??
    original ??
    null;
  const status = tellingStatusIn(said);
  const bounce: Bounce = { kind: kindOf(status, said), status, recipient, detail: sentenceOf(said) };
  return { class: delayed ? 'delayed' : 'bounce', bounce, why: 'report_in_words' };
}

/** The report's own words, and to whom the message that it carries was. */
function splitOriginal(text: string): { own: string; original: string | null } {
  const cut = text.search(
    /^[-= ]{3,}.{0,20}(?:below this line|original message|this is a copy|returned message|original|beginn der|copy of the|headers? follow|message (?:header|text|body)|unsent message|undelivered message|nachrichtenkopf|message d'origine).{0,60}$|^(?:received|return-path|message-id|x-cadenza-touch): /im,
  );
  if (cut < 40) return { own: text, original: null };
  const to = /^to:\s*(.+)$/im.exec(text.slice(cut))?.[1];
  return { own: text.slice(0, cut), original: addressIn(to) };
}

function recipientIn(said: string, mail: IncomingMail): string | null {
  const not = new Set([mail.from, ...mail.to, mail.original?.from ?? null]);
  const all = (said.match(new RegExp(ADDRESS.source, 'g')) ?? [])
    .map((address) => address.toLowerCase().replace(/^['"<]+|['">.,;:]+$/g, ''))
    .filter(
      (address) =>
        !not.has(address) && !FROM.test(address) && !/\.(?:prod\.outlook|eurprd|namprd)/.test(address),
    );
  return all.find((address) => address === mail.original?.to) ?? all[0] ?? null;
}

function sentenceOf(said: string): string | null {
  const line = said.split('\n').find((each) => enhancedIn(each) !== null || /\b[45]\d\d\b.{5,}/.test(each));
  return (line ?? said).replace(/\s+/g, ' ').trim().slice(0, 500) || null;
}
