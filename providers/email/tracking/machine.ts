/** Who followed a link or loaded the image: a person, or a machine on the way of the mail. In doubt it is a machine. */
import { isbot } from 'isbot';
import type { HitKind, MachineReason } from '../../../sequences/tracking.ts';

/** What is looked at of a request. Nothing of it is kept but the reason. */
export interface HitRequest {
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Within so many ms of business time after sending nobody has read the mail yet. */
const AT_ONCE_MS: Readonly<Record<HitKind, number>> = { open: 2_000, click: 10_000 };

// Apple's Mail Privacy Protection says no more than "Mozilla/5.0".
const PROXY = /^mozilla\/5\.0$|googleimageproxy|ggpht\.com|yahoomailproxy|yahoocachesystem/i;

// Mail scanners that isbot does not know, by what they call themselves. Most of them look like a browser: times tell those.
const SCANNER =
  /gmail-content-sampling|proofpoint|ppsbot|urldefense|mimecast|barracuda|cudasvc|safelinks|microsoft[ -]?defender|bingpreview|ironport|ciscosecure|tmes\b|trend ?micro|symantec|messagelabs|forti(?:net|mail|guard)|sophos|f-secure|withsecure|zscaler|forcepoint|check ?point|cloudmark|vade|hornet ?security|spamexperts|trustwave|mailcontrol/i;

/** Why a request is taken for a machine's, from what it says of itself; null: nothing speaks against a person. */
export function machineByRequest({ method, headers }: HitRequest): MachineReason | null {
  if (method === 'HEAD') return 'head';
  const purposes = ['purpose', 'x-purpose', 'sec-purpose', 'x-moz'].map((name) =>
    String(headers[name] ?? ''),
  );
  if (purposes.some((purpose) => /prefetch|prerender|preview/i.test(purpose))) return 'prefetch';
  const agent = String(headers['user-agent'] ?? '').trim();
  if (PROXY.test(agent)) return 'proxy';
  if (agent === '' || isbot(agent) || SCANNER.test(agent)) return 'agent';
  return null;
}

/** Whether a hit came sooner after sending than a person could. `sinceMs`: null as long as the message is being handed over. */
export function isAtOnce(kind: HitKind, sinceMs: number | null): boolean {
  return sinceMs === null || sinceMs < AT_ONCE_MS[kind];
}
