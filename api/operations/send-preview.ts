import { randomUUID } from 'node:crypto';
import type { Secrets } from '../../common/crypto.ts';
import type { Queryable } from '../../db/db.ts';
import { loadAccount } from '../../db/senders.ts';
import type { Providers } from '../../providers/registry.ts';
import type { PreviewMessage } from './preview.ts';

export interface SentPreview {
  readonly stepId: string;
  readonly sequence: string;
  readonly sender: string;
  readonly sent: boolean;
  /** Why not, from the provider. */
  readonly detail: string | null;
}

/**
 * Sends the emails among the messages to an address of the caller's own, each by its sender, marked as a preview: with
 * `[Preview]` before the subject and a line above the text, and without the headers by which a lead unsubscribes. No touch is
 * recorded.
 */
export async function sendPreview(
  deps: { readonly db: Queryable; readonly secrets: Pick<Secrets, 'decrypt'>; readonly providers: Providers },
  messages: readonly PreviewMessage[],
  { to, leadName, senderId }: { readonly to: string; readonly leadName: string; readonly senderId?: string },
): Promise<SentPreview[]> {
  const sent: SentPreview[] = [];
  for (const message of messages) {
    const by = senderId ?? message.sender?.id;
    if (message.channel !== 'email' || !message.rendered || by === undefined) continue;
    const account = await loadAccount(deps.db, by, deps.secrets);
    const { subject = '', text, html, attachments } = message.rendered;
    const line = `Preview of step ${message.stepId} of ${message.sequence} for ${leadName}. Nothing was sent to them.`;
    const result = await deps.providers.get('email', account.provider).send(account, {
      touchId: `preview-${randomUUID()}`,
      action: 'email',
      to,
      toName: null,
      subject: `[Preview] ${subject}`,
      text: `${line}\n\n${text}`,
      ...(html !== undefined && { html: `<p><em>${escapeHtml(line)}</em></p>\n${html}` }),
      ...(attachments && { attachments }),
    });
    sent.push({
      stepId: message.stepId,
      sequence: message.sequence,
      sender: account.address,
      sent: result.kind === 'sent',
      detail: 'detail' in result ? result.detail : null,
    });
  }
  return sent;
}

/** Why a sender sends no previews. */
export const notMailbox = ({ name, channel }: { readonly name: string; readonly channel: string }): string =>
  `${name} is a sender for ${channel}; emails are previewed by mailbox.`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
