/** Whether this machine's clock is right: windows, tokens, mail dates and webhook signatures all depend on it. */
import axios from 'axios';
import { wallNow } from '../common/clock.ts';
import { agents } from './http.ts';
import type { CheckLine } from './ports.ts';

/** How far off (ms) it may be. Signatures of webhooks are refused from five minutes on; windows are kept to the minute. */
const TOLERANCE_MS = 30_000;

const PATIENCE_MS = 5_000;

/** Another clock, and how far ours is ahead of it (ms). */
export interface ClockOffset {
  readonly of: string;
  readonly aheadMs: number;
}

/**
 * How far our clock is ahead of a web server's, by the `Date` of its answer (RFC 9110, section 6.6.1), whatever else it answers.
 * null: it could not be asked. Exact to a second.
 */
export async function askWebClock(url: string): Promise<ClockOffset | null> {
  const asked = wallNow();
  const answer = await axios
    .head(url, { timeout: PATIENCE_MS, maxRedirects: 0, proxy: false, validateStatus: () => true, ...agents })
    .catch(() => null);
  const theirs = Date.parse(String(answer?.headers.date ?? ''));
  // Their second began up to a second before it was written.
  return Number.isNaN(theirs)
    ? null
    : { of: new URL(url).hostname, aheadMs: (asked + wallNow()) / 2 - theirs - 500 };
}

/** The line for `senders check`. */
export function clockLine(offsets: readonly ClockOffset[]): CheckLine {
  const wrong = offsets.filter(({ aheadMs }) => Math.abs(aheadMs) > TOLERANCE_MS);
  const said = (wrong.length > 0 ? wrong : offsets).map(({ of, aheadMs }) => `${difference(aheadMs)} ${of}`);
  return {
    name: 'Clock',
    ok: wrong.length === 0,
    detail: `this machine's is ${said.join(', ')}${wrong.length > 0 ? ': set it by NTP' : ''}`,
  };
}

function difference(aheadMs: number): string {
  const seconds = Math.abs(aheadMs) / 1000;
  if (seconds < 1) return 'the same as that of';
  return `${seconds.toFixed(0)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} that of`;
}
