import { isZone, zoneClock } from '../../sequences/calendar/zone.ts';
import type { Instant } from '../../sequences/plan.ts';

/** A time that cannot be read; the message says what would be right. */
class BadTime extends Error {
  override readonly name = 'BadTime';
}

const UNIT_MS = { m: 60_000, h: 3_600_000 } as const;
const DAY_MS = 86_400_000;

/**
 * Reads a time as people type it: `2026-03-12 09:00` in `zone` (with `T` too, and a date alone is its midnight), an ISO time with
 * an offset, or `+3d`, `+2h`, `+90m`, `+1d4h` from `now`, where days end at the same local time.
 * @throws BadTime
 */
export function parseWhen(text: string, { zone, now }: { zone: string; now: Instant }): Instant {
  const wanted = text.trim();
  if (!isZone(zone)) throw new BadTime(`"${zone}" is no time zone. Use a name such as Europe/Berlin.`);
  const clock = zoneClock(zone);
  if (/^\+(\d{1,4}[dhm])+$/.test(wanted)) {
    return [...wanted.matchAll(/(\d+)([dhm])/g)].reduce((at, [, amount, unit]) => {
      if (unit === 'd') return clock.toInstant(clock.toLocal(at) + Number(amount) * DAY_MS);
      return at + Number(amount) * UNIT_MS[unit as 'h' | 'm'];
    }, now);
  }
  const [, date, time = '00:00', offset] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/i.exec(wanted) ?? [];
  const local = date === undefined ? NaN : Date.parse(`${date}T${time}Z`);
  // 30 February would become 2 March.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 10) !== date) {
    throw new BadTime(
      `"${text}" is no time. Write 2026-03-12 09:00 (local, ${zone}), 2026-03-12T09:00:00Z, or +3d, +2h, +90m from now.`,
    );
  }
  return offset === undefined ? clock.toInstant(local) : Date.parse(`${date}T${time}${offset}`);
}
