import type { Queryable } from '../../db/db.ts';
import type { Sender } from '../../db/senders.ts';
import { readSentTouch, type TouchContent } from '../../db/touches.ts';
import { htmlOfText, linksOf } from '../../providers/email/tracking/rewrite.ts';
import { CopyError, MissingVariable } from '../../sequences/language/templates/copy-errors.ts';
import { renderCopy, type Rendered } from '../../sequences/language/templates/render-copy.ts';
import type { SequenceSettings } from '../../sequences/plan.ts';
import type { Route } from '../../sequences/route/route.ts';
import type { Library, TouchContext } from './context.ts';
import type { EnrollmentDeps } from './deps.ts';
import type { Run } from './transact.ts';

/** A touch's text for this lead, or why there is none: a word for the hold, and a sentence for people. */
export type Written =
  | { readonly kind: 'written'; readonly content: TouchContent; readonly copyRevision: number }
  | { readonly kind: 'held'; readonly reason: string; readonly detail: string };

/** Renders the current copy of a step (promises 7 and 10). */
export async function write(
  db: Queryable,
  deps: Pick<EnrollmentDeps, 'unsubscribeUrl'>,
  library: Library,
  run: Pick<Run, 'input' | 'row'>,
  context: TouchContext,
  target: { readonly touchId: string; readonly route: Route; readonly sender: Sender | null },
): Promise<Written> {
  const { node, lead, copy } = context;
  const { channel, action } = target.route;
  const email = channel === 'email';
  const renderContext = {
    lead: lead,
    sender: target.sender,
    action,
    unsubscribeUrl: email ? deps.unsubscribeUrl(target.touchId) : null,
    unsubscribeFooter: copy.unsubscribeFooter,
  };
  try {
    const rendered = renderCopy(copy.step, channel, { ...renderContext, stepId: node.id });
    const content = contentOf(rendered);
    if (!email || node.replyTo === undefined)
      return { kind: 'written', content, copyRevision: copy.revision };
    const step = node.replyTo;
    const earlier = await readSentTouch(db, { enrollmentId: run.input.enrollmentId, step });
    if (earlier?.messageId) {
      const subject = content.subject ?? answering(earlier.content?.subject ?? '');
      const thread = [...(earlier.content?.thread ?? []), earlier.messageId];
      return { kind: 'written', content: { ...content, subject, thread }, copyRevision: copy.revision };
    }
    if (content.subject !== undefined) return { kind: 'written', content, copyRevision: copy.revision };
    // There is no thread to continue: a mail of its own, under the subject that the thread would have had.
    const first = await library.copy(db, run.row.versionId, step);
    const { subject } = renderCopy(first.step, channel, { ...renderContext, stepId: step });
    return {
      kind: 'written',
      content: { ...content, ...(subject !== undefined && { subject }) },
      copyRevision: copy.revision,
    };
  } catch (error) {
    if (error instanceof MissingVariable) {
      const name = error.variable.replace(/[^\w.-]+/g, '_').slice(0, 80);
      return { kind: 'held', reason: `missing_variable:${name}`, detail: error.message };
    }
    if (error instanceof CopyError) return { kind: 'held', reason: error.code, detail: error.message };
    throw error;
  }
}

/**
 * What an email is stored with before it leaves: what is tracked of it, so that it is composed alike whenever it is and its links
 * keep leading where they led. A text without HTML gets some, for the links and the image to stand in.
 */
export function withTracking(
  content: TouchContent,
  { tracking }: Pick<SequenceSettings, 'tracking'>,
  unsubscribeUrl: string,
): TouchContent {
  if (!tracking) return content;
  const html = content.html ?? htmlOfText(content.text ?? '');
  // To unsubscribe is between the reader and us: no link of that kind is followed.
  const spared = [unsubscribeUrl.slice(0, unsubscribeUrl.lastIndexOf('/') + 1)];
  const links = tracking.clicks ? linksOf(html, spared) : [];
  return { ...content, html, tracking: { opens: tracking.opens, links } };
}

function contentOf({ attachments, ...rendered }: Rendered): TouchContent {
  return { ...rendered, ...(attachments && { attachments: attachments.map(({ name }) => name) }) };
}

function answering(subject: string): string {
  return /^re:/i.test(subject) ? subject : `Re: ${subject}`;
}

/** The Message-ID by which an email is known from before it leaves: of its row, at its sender's domain. */
export function messageIdOf(touchId: string, sender: Sender | null): string | null {
  if (sender?.channel !== 'email') return null;
  const domain = sender.address.split('@').at(-1)!;
  return `<${touchId}@${domain}>`;
}
