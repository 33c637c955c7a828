/** Starts the leads of a simulation as a launch does: as many as their senders may still do first touches today. */
import { DAY_MS, dayOf, dayName, dayNumber, zoneClock } from '../calendar/zone.ts';
import { seedNumber } from '../engine/hash.ts';
import { initialState } from '../engine/reduce.ts';
import type { Action } from '../lead.ts';
import type { Instant } from '../plan.ts';
import { firstTouches, touchWays } from '../route/plan-channels.ts';
import type { SimulationSender } from './types.ts';
import type { LeadRecord, Walk, World } from './world.ts';

/** The most that begin at one look, so that a simulation without caps stays in small pieces. */
const AT_ONCE = 50;

/** @param leads in the order in which they begin */
export function createPacer(world: World, leads: readonly LeadRecord[]) {
  const { sequence, senders } = world.input;
  const ways = firstTouches(sequence.plan).flatMap((node) => touchWays(node, sequence.copy));
  const needNone =
    ways.length === 0 || ways.some(({ channel }) => channel === 'task' || channel === 'webhook');
  const able = senders.filter(
    (sender) => !sender.broken && ways.some(({ channel }) => channel === sender.profile.channel),
  );
  let next = 0;

  function free(): number {
    if (needNone) return Infinity;
    let sum = 0;
    for (const action of new Set(ways.map((way) => way.action)))
      for (const sender of able)
        if (ways.some((way) => way.channel === sender.profile.channel && way.action === action))
          sum += freeToday(world, sender, action);
    return sum;
  }

  return {
    /** How many leads began so far. */
    begun: () => next,
    /** Begins whom there is room for, and plans the next look. */
    look(begin: (walk: Walk) => void): void {
      const room = free();
      const end = Math.min(leads.length, next + Math.min(AT_ONCE, room));
      for (; next < end; next++) {
        const { walk } = leads[next]!;
        walk.state = initialState({ seed: seedNumber(walk.lead.profile.seed), at: world.now });
        begin(walk);
      }
      if (next >= leads.length || (able.length === 0 && !needNone)) return;
      world.schedule(room > 0 ? world.now : nextDay(able, world.now), { kind: 'pace' });
    },
  };
}

function freeToday(world: World, sender: SimulationSender, action: Action): number {
  const cap = sender.caps[action];
  if (!cap) return Infinity;
  const { timeZone, id } = sender.profile;
  const today = dayOf(zoneClock(timeZone), world.now);
  const { rampUp } = sender;
  const day = rampUp
    ? Math.min(cap.day, rampUp.start + rampUp.addPerDay * Math.max(0, today - dayNumber(rampUp.from)))
    : cap.day;
  const onDay = (ago: number) => world.book.onDay(id, action, dayName(today - ago));
  let inWeek = 0;
  for (let ago = 0; cap.week != null && ago < 7; ago++) inWeek += onDay(ago);
  return Math.max(0, Math.min(day - onDay(0), (cap.week ?? Infinity) - inWeek));
}

function nextDay(senders: readonly SimulationSender[], at: Instant): Instant {
  const days = senders.map(({ profile }) => {
    const clock = zoneClock(profile.timeZone);
    return Math.max(clock.toInstant((dayOf(clock, at) + 1) * DAY_MS), at + 60_000);
  });
  return Math.min(...days);
}
