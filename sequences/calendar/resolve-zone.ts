import type { WindowRule } from '../plan.ts';
import { isZone } from './zone.ts';

/** The zones that a rule can fall back on. What is null, or no zone this system knows, is passed over. */
export interface ZoneSources {
  readonly lead: string | null;
  readonly company: string | null;
  readonly sender: string | null;
  /** Checked when the launch is made, so always there. */
  readonly launch: string;
}

/**
 * The zone in which a window is read (promise 4): `lead` falls back lead → company → sender → launch, `sender` → launch.
 * A name is taken as it is; one that this system does not know falls back like `lead`.
 */
export function resolveZone(rule: WindowRule['timeZone'], sources: ZoneSources): string {
  return candidates(rule, sources).find((zone) => zone !== null && isZone(zone)) ?? sources.launch;
}

function candidates(rule: string, { lead, company, sender, launch }: ZoneSources): (string | null)[] {
  if (rule === 'launch') return [launch];
  if (rule === 'sender') return [sender, launch];
  if (rule === 'lead') return [lead, company, sender, launch];
  return [rule, lead, company, sender, launch];
}
