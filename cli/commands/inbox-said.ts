/** What was said, over HTTP. */
import { remoteLeadSummary } from '../remote-names.ts';
import type { Remote } from '../remote.ts';

/** Times are text on the wire. */
export const timed = <Row extends { readonly at: string }>(row: Row) => ({ ...row, at: new Date(row.at) });

export async function remoteConversation(api: Remote, text: string) {
  const lead = await remoteLeadSummary(api, text);
  const { lead: known, items } = await api.call('inbox.conversation', { path: { id: lead.id } });
  return { lead, zone: known.timeZone, said: items.map(timed) };
}
