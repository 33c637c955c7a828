import {
  declaredAutomatic,
  hasAutomaticSubject,
  looksLikeNotice,
  noticeOf,
  replacementIn,
} from './automatic.ts';
import {
  answersSomething,
  fromMailSystem,
  isRejectingReceipt,
  looksLikeReport,
  reportInWords,
  sesNotification,
  standardReport,
} from './bounce.ts';
import { returnDateOf } from './dates.ts';
import { languageOf } from './language.ts';
import { isOptOut, isUnsubscribeSubject } from './opt-out.ts';
import { replyTextOf } from './reply-text.ts';
import type { IncomingMail, MailVerdict } from './types.ts';

export interface Context {
  /** Instant (UTC ms) that stands in for a missing Date header. */
  readonly now: number;
  /** Lower-case addresses that are ours: what they wrote is no answer. */
  readonly ownAddresses?: ReadonlySet<string>;
}

/**
 * What a message is. Standards decide first, then the headers that automatic answers carry by custom, then words; what is left is a
 * person's. In doubt it is a person's: an answer that is taken for a machine's is lost, the other way round somebody reads one too many.
 */
export function classifyMail(mail: IncomingMail, { now, ownAddresses }: Context): MailVerdict {
  const own = replyTextOf(mail.text);
  const language = languageOf(own) ?? languageOf(mail.text);
  const verdict = (change: Partial<MailVerdict> & Pick<MailVerdict, 'class' | 'why'>): MailVerdict => ({
    bounce: null,
    returnDate: null,
    replacement: null,
    replyText: null,
    language,
    ...change,
  });

  // A person who attaches one is a person.
  if (mail.feedback && /multipart\/report/.test(mail.contentType)) {
    // "not-spam" and authentication reports complain about nothing.
    const type = mail.feedback.get('feedback-type') ?? 'abuse';
    return verdict({
      class: /^(?:not-spam|auth-failure|dmarc|dkim)/i.test(type) ? 'other' : 'complaint',
      why: 'feedback_report',
    });
  }
  const report = standardReport(mail, own);
  if (report) return verdict(report);
  const ses = /@(?:sns|email-abuse)\.amazon(?:aws|ses)\.com$/.test(mail.from ?? '')
    ? sesNotification(mail)
    : null;
  if (ses === 'complaint') return verdict({ class: 'complaint', why: 'ses_notification' });
  if (ses) return verdict(ses);
  // Microsoft's junk mail reporting has no feedback report in it.
  if (
    /^staff@(?:hotmail|outlook|live)\.com$/.test(mail.from ?? '') &&
    /^complaint about message/i.test(mail.subject)
  )
    return verdict({ class: 'complaint', why: 'junk_mail_report' });
  if (mail.from !== null && ownAddresses?.has(mail.from) && !isForged(mail))
    return verdict({ class: 'own', why: 'from_us' });
  if (
    /disposition-notification/.test(mail.contentType) ||
    mail.parts.includes('message/disposition-notification')
  )
    return isRejectingReceipt(mail)
      ? verdict(reportInWords(mail))
      : verdict({ class: 'auto_reply', why: 'read_receipt' });
  if (looksLikeReport(mail, own)) return verdict(reportInWords(mail));

  if (fromMailSystem(mail, own)) return verdict({ class: 'other', why: 'mail_system' });

  // A provider that unsubscribes for its user sends the request by itself (RFC 8058's older sibling, RFC 2369's mailto).
  if (isUnsubscribeSubject(mail.subject) && own.length < 200)
    return verdict({ class: 'unsubscribe', why: 'unsubscribe_request', replyText: own });
  const declared = declaredAutomatic(mail);
  // Answers come by way of lists, too.
  const listed =
    (mail.headers.has('list-id') || mail.headers.has('feedback-id')) && !answersSomething(mail, own);
  if (declared !== null && !listed) return notice(mail, own, declared);
  if (listed) return verdict({ class: 'other', why: 'list_mail' });
  if (looksLikeNotice(mail, own))
    return notice(mail, own, hasAutomaticSubject(mail) ? 'automatic_subject' : 'says_automatic');
  if (isBulk(mail, own)) return verdict({ class: 'other', why: 'bulk_mail' });
  if (mail.from === null && own === '' && mail.subject === '')
    return verdict({ class: 'other', why: 'empty' });
  if (isOptOut(mail.subject, own))
    return verdict({ class: 'unsubscribe', why: 'asks_to_be_left_alone', replyText: own });
  return verdict({ class: 'human', why: 'written_by_a_person', replyText: own });

  function notice(from: IncomingMail, text: string, why: string): MailVerdict {
    const what = noticeOf(from, text);
    const whole = `${from.subject}. ${text || from.text}`;
    return verdict({
      class: what,
      why,
      returnDate: what === 'out_of_office' ? returnDateOf(whole, from.date ?? new Date(now), language) : null,
      replacement: what === 'left_company' ? replacementIn(whole, [from.from, ...from.to]) : null,
    });
  }
}

/** Newsletters by their headers. People's programs write List-Unsubscribe, too: alone it decides nothing. */
function isBulk(mail: IncomingMail, own: string): boolean {
  if (!mail.headers.has('list-unsubscribe') || answersSomething(mail, own) || mail.inReplyTo.length > 0)
    return false;
  const precedence = (mail.headers.get('precedence') ?? []).join(' ');
  return (
    /bulk|list|junk/i.test(precedence) ||
    /^(?:no-?reply|do-?not-?reply|news|newsletter|mailing|marketing)\b/i.test(mail.from ?? '') ||
    /unsubscribe|opt[- ]out|view (?:this|it|in|the) .{0,20}browser|abmelden|abbestellen|im browser (?:ansehen|anzeigen)|désinscri|désabonn|darse de baja|cancelar (?:la |a )?(?:suscripción|inscrição|subscrição)|descadastr|annulla(?:re)? l['’]iscrizione|disiscri|abonelikten/i.test(
      mail.text,
    )
  );
}

/** Our address, and our own domain's policy says that it was not us (RFC 8601, DMARC). */
function isForged(mail: IncomingMail): boolean {
  return /\bdmarc=fail\b/i.test(mail.headers.get('authentication-results')?.[0] ?? '');
}
