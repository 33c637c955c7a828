/** From a touch to a message: every header is a value of its own, so nothing in a lead's data can add another one. */
import type { SendMailOptions } from 'nodemailer';
import type { Outgoing, SenderAccount } from '../ports.ts';
import { isLoopback } from '../settings.ts';
import type { EmailSettings } from './settings.ts';

/** A touch that cannot be made a message; `addressBad` when the recipient's address is the reason. */
export class CannotCompose extends Error {
  override name = 'CannotCompose';
  readonly code: string;
  readonly addressBad: boolean;
  constructor(code: string, message: string, addressBad = false) {
    super(message);
    this.code = code;
    this.addressBad = addressBad;
  }
}

// One mailbox, no display name, no list, no quoted local part: what a sequence may write to.
const ADDRESS = /^[^\s@<>()[\]\\,;:"\p{Cc}]+@[^\s@<>()[\]\\,;:"\p{Cc}]+$/u;
const MESSAGE_ID = /^<[^\s<>\p{Cc}]+@[^\s<>\p{Cc}]+>$/u;

/** The Message-ID by which a touch is recognised everywhere: the same for the same touch and sender. */
export function messageIdOf(touchId: string, senderAddress: string): string {
  return `<${touchId}@${domainOf(senderAddress)}>`;
}

/** The touch's id out of a Message-ID that `messageIdOf` made (angle brackets optional); null for any other. */
export function touchIdOf(messageId: string): string | null {
  return /^<?([0-9a-zA-Z-]+)@/.exec(messageId.trim())?.[1] ?? null;
}

/** What a touch's own address has behind the plus (RFC 5233: a detail), before the touch's id. */
const PLUS = 'cdz-';

/** The address that only answers to this touch come to, or null when it would be too long (RFC 5321 section 4.5.3.1.1). */
export function plusAddressOf(touchId: string, address: string): string | null {
  const at = address.lastIndexOf('@');
  const local = `${address.slice(0, at)}+${PLUS}${touchId.replaceAll('-', '')}`;
  return local.length > 64 ? null : `${local}${address.slice(at)}`;
}

/** The touch's id out of an address that `plusAddressOf` made; null for any other. */
export function plusTouchOf(address: string): string | null {
  const hex = /\+cdz-([0-9a-f]{32})@/i.exec(address)?.[1]?.toLowerCase();
  return hex ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : null;
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

/** The message, for nodemailer. Throws `CannotCompose`. */
export function compose(sender: SenderAccount, settings: EmailSettings, touch: Outgoing): SendMailOptions {
  if (!ADDRESS.test(touch.to))
    throw new CannotCompose('invalid_address', `${JSON.stringify(touch.to)} is not one email address`, true);
  if (!ADDRESS.test(sender.address))
    throw new CannotCompose(
      'invalid_sender_address',
      `${JSON.stringify(sender.address)} is not one email address`,
    );
  const plus = settings.plusAddress ? plusAddressOf(touch.touchId, settings.replyTo ?? sender.address) : null;
  const replyTo = plus ?? settings.replyTo;
  const thread = (touch.thread ?? []).filter((id) => MESSAGE_ID.test(id));
  return {
    envelope: { from: settings.envelopeFrom ?? sender.address, to: [touch.to] },
    from: { name: oneLine(sender.name), address: sender.address },
    to: { name: oneLine(touch.toName ?? ''), address: touch.to },
    ...(replyTo ? { replyTo } : {}),
    subject: oneLine(touch.subject ?? ''),
    messageId: messageIdOf(touch.touchId, sender.address),
    ...(thread.length > 0 ? { inReplyTo: thread.at(-1), references: thread } : {}),
    headers: { 'X-Cadenza-Touch': oneLine(touch.touchId), ...unsubscribeHeaders(touch.unsubscribeUrl) },
    text: touch.text,
    ...(touch.html === undefined ? {} : { html: touch.html }),
    attachments: (touch.attachments ?? []).map((file) => ({
      filename: oneLine(file.name),
      contentType: oneLine(file.contentType),
      content: Buffer.from(file.base64, 'base64'),
    })),
  };
}

function unsubscribeHeaders(url: string | undefined): Record<string, { prepared: boolean; value: string }> {
  if (url === undefined) return {};
  if (!URL.canParse(url) || /[\s<>\p{Cc}]/u.test(url))
    throw new CannotCompose('bad_unsubscribe_url', 'the unsubscribe link is not a URL');
  const { protocol, hostname } = new URL(url);
  // RFC 8058 wants https for one-click; a stack on this machine has no certificate.
  const oneClick = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return {
    'List-Unsubscribe': { prepared: true, value: `<${url}>` },
    ...(oneClick ? { 'List-Unsubscribe-Post': { prepared: true, value: 'List-Unsubscribe=One-Click' } } : {}),
  };
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
