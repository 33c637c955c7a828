import type { Position } from '../../db/enrollments.ts';
import type { Answer, Command, EngineState } from '../../sequences/engine/types.ts';
import type { Instant } from '../../sequences/plan.ts';

const KEPT = { reason: null, held: null } as const;

/** What an answer leaves the lead with: for people, for the sweep and for the clock of a time-lapse. */
export function positionAfter(answer: Answer, command: Command): Position {
  switch (answer.type) {
    case 'slot':
      return at('touch', answer.slotAt, 'waits_for_slot');
    case 'early':
      return at('touch', answer.lookAt, 'waits_for_slot');
    case 'in_flight':
      return at('touch', answer.lookAt, 'being_sent');
    case 'until':
      return at('continue', answer.until, 'waits');
    case 'task_open':
      return at('give_up', answer.giveUpAt, 'task_open');
    case 'not_connected':
      return at('give_up', answer.waitUntil ?? answer.at, 'waits_for_connection');
    case 'held':
      return { nextAction: null, nextAt: null, reason: answer.reason, held: true };
    case 'paused':
      return at(null, null, `paused_${answer.scope}`);
    case 'unconfirmed':
      return at(null, null, 'unconfirmed');
    default:
      // The engine goes on at once; whoever finds it here later knows that it was interrupted.
      return at(command.kind, answer.at, 'in_progress');
  }
}

/** The same for a lead that was saved asleep. What holds or pauses it was written when it was found. */
export function positionAsleep({ phase, until }: EngineState): Position {
  switch (phase) {
    case 'booked':
      return at('touch', until, 'waits_for_slot');
    case 'in_flight':
      return at('touch', until, 'being_sent');
    case 'task':
      return at('give_up', until, 'task_open');
    case 'awaiting_connection':
      return at('give_up', until, 'waits_for_connection');
    case 'held':
    case 'paused':
    case 'unconfirmed':
      return { nextAction: null, nextAt: null, ...KEPT };
    default:
      return at('continue', until, 'waits');
  }
}

function at(nextAction: string | null, nextAt: Instant | null, reason: string): Position {
  return { nextAction: nextAt === null ? null : nextAction, nextAt, reason, held: false };
}
