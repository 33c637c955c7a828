/** Previews over HTTP: the server knows the lead and the senders, this machine has the files. */
import type { SentPreview } from '../../api/operations/send-preview.ts';
import { CliError } from '../errors.ts';
import type { Output } from '../output/output.ts';
import { oneOfThem, remoteLead } from '../remote-names.ts';
import type { Remote } from '../remote.ts';
import type { Previewed, PreviewOptions, Told } from './preview.ts';

export async function previewRemotely(
  api: Remote,
  out: Output,
  file: string,
  { lead: text, leads, sendTo, sender }: PreviewOptions,
): Promise<Previewed> {
  if (leads !== undefined)
    throw new CliError(
      'Over CADENZA_URL --send-to is for a lead that is there: leave --leads out, or import the file first.',
      2,
      'not_remote',
    );
  if (sendTo !== undefined) await assertOwnAddress(api, sendTo);
  const { readSequenceFiles } = await import('../../api/operations/read-sequence-files.ts');
  const published = await api.list('sequences.list');
  const { all } = readSequenceFiles(file, new Set(published.map(({ name }) => name)));
  const id = await remoteLead(api, text);
  const { createdAt: _at, version: _version, ...lead } = await api.call('leads.read', { path: { id } });
  const senderId =
    sender === undefined || sendTo === undefined
      ? null
      : oneOfThem((await api.call('senders.list')).items, 'sender', sender).id;
  const messages: Told[] = [];
  const sent: SentPreview[] = [];
  for (const { name: sequence, source } of all.values()) {
    const path = { name: sequence };
    const body = { source, others: [...all.keys()], lead: id };
    const { items } = await api.call('sequences.preview', { path, body });
    messages.push(...items.map(({ step: stepId, ...one }) => ({ sequence, stepId, ...one }) as Told));
    if (sendTo === undefined) continue;
    const mails = await out.busy(
      'Sending',
      api.call('sequences.mailPreview', { path, body: { ...body, senderId } }),
    );
    sent.push(...mails.items.map(({ step: stepId, ...one }) => ({ sequence, stepId, ...one })));
  }
  return { lead, messages, sent };
}

async function assertOwnAddress(api: Remote, address: string): Promise<void> {
  const { email } = await api.call('me.read');
  if (email.toLowerCase() === address.toLowerCase()) return;
  throw new CliError(
    `Over CADENZA_URL previews go to your own address there: --send-to ${email}.`,
    2,
    'not_own_address',
  );
}
