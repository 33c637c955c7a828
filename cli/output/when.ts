import { formatLocal } from '../../sequences/calendar/zone.ts';

/** `Tue 2026-03-10 10:00 Europe/Berlin`. */
export function localTime(at: Date | number, zone: string): string {
  return `${formatLocal(typeof at === 'number' ? at : at.getTime(), zone)} ${zone}`;
}

/** ISO in UTC, for machines. */
export function iso(at: Date | number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** This machine's zone: for times that are nobody's own. */
export function machineZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
