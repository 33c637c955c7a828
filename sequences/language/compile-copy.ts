import type { SequenceCopy, StepCopy } from '../plan.ts';
import { AttachmentError, MAX_ATTACHMENTS, toAttachment, type ReadAttachment } from './attachments.ts';
import type { CompiledStep } from './compile-nodes.ts';
import type { Path, SourceDocument } from './document.ts';
import type { Problem } from './problems.ts';
import type { EmailDefinition, SequenceDefinition, StepDefinition } from './schema.ts';

/** What stands below each email unless the definition says otherwise. */
export const DEFAULT_FOOTER =
  "If you'd rather not hear from me again, [unsubscribe here]({{ unsubscribe_url }}).";

/** The texts of a definition by step. Steps without a text (waits, visits) have none. Attachments that cannot be read are problems. */
export function compileCopy(
  definition: SequenceDefinition,
  steps: readonly CompiledStep[],
  read: ReadAttachment,
  document: SourceDocument,
): { readonly copy: SequenceCopy; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const attach = (email: EmailDefinition, path: Path): StepCopy =>
    emailCopy(email, path, read, document, problems);
  const copies = steps.flatMap(({ id, path, definition: step }): [string, StepCopy][] => {
    const copy = copyOf(step, path, attach);
    return copy ? [[id, copy]] : [];
  });
  const footer = definition.unsubscribe_footer ?? true;
  const unsubscribeFooter = typeof footer === 'string' ? footer : footer ? DEFAULT_FOOTER : null;
  return { copy: { steps: Object.fromEntries(copies), unsubscribeFooter }, problems };
}

function copyOf(
  step: StepDefinition,
  path: Path,
  attach: (email: EmailDefinition, path: Path) => StepCopy,
): StepCopy | null {
  if (step.email) return attach(step.email, [...path, 'email']);
  if (step.linkedin) {
    const body = step.linkedin.note ?? step.linkedin.text;
    return body === undefined ? null : { body };
  }
  if (step.sms) return { body: step.sms.text };
  if (step.whatsapp) return whatsappCopy(step.whatsapp);
  if (step.call) return { body: step.call.script };
  if (step.task)
    return { title: step.task.title, ...(step.task.body === undefined ? {} : { body: step.task.body }) };
  if (step.webhook)
    return { url: step.webhook.url, ...(step.webhook.data === undefined ? {} : { data: step.webhook.data }) };
  if (!step.message) return null;
  const { email, linkedin, sms, whatsapp } = step.message.texts;
  return {
    byChannel: {
      ...(email ? { email: attach(email, [...path, 'message', 'texts', 'email']) } : {}),
      ...(linkedin === undefined ? {} : { linkedin: shortCopy(linkedin) }),
      ...(sms === undefined ? {} : { sms: shortCopy(sms) }),
      ...(whatsapp === undefined
        ? {}
        : { whatsapp: typeof whatsapp === 'string' ? { body: whatsapp } : whatsappCopy(whatsapp) }),
    },
  };
}

function shortCopy(text: string | { readonly text: string }): StepCopy {
  return { body: typeof text === 'string' ? text : text.text };
}

function whatsappCopy(whatsapp: NonNullable<StepDefinition['whatsapp']>): StepCopy {
  return {
    ...(whatsapp.text === undefined ? {} : { body: whatsapp.text }),
    ...(whatsapp.content_sid === undefined ? {} : { contentSid: whatsapp.content_sid }),
    ...(whatsapp.variables === undefined ? {} : { variables: whatsapp.variables }),
  };
}

function emailCopy(
  email: EmailDefinition,
  path: Path,
  read: ReadAttachment,
  document: SourceDocument,
  problems: Problem[],
): StepCopy {
  let left = MAX_ATTACHMENTS;
  const attachments = email.attachments?.flatMap((file, index) => {
    try {
      const bytes = read(file);
      left -= bytes.byteLength;
      if (left < 0 && bytes.byteLength <= MAX_ATTACHMENTS) {
        throw new AttachmentError(
          `the attachments together exceed ${MAX_ATTACHMENTS / 1e6} MB`,
          'send a link instead',
        );
      }
      return [toAttachment(file, bytes)];
    } catch (error) {
      const hint = error instanceof AttachmentError ? error.hint : undefined;
      problems.push(
        document.at(
          [...path, 'attachments', index],
          error instanceof Error ? error.message : String(error),
          hint,
        ),
      );
      return [];
    }
  });
  return {
    ...(email.subject === undefined ? {} : { subject: email.subject.trim() }),
    ...(email.body === undefined ? {} : { body: email.body }),
    ...(email.html === undefined ? {} : { html: email.html }),
    ...(email.text === undefined ? {} : { text: email.text }),
    ...(attachments && attachments.length > 0 ? { attachments } : {}),
  };
}
