/**
 * One lead's walk through one sequence: the Temporal host of the engine. It turns commands into local activities and
 * timers, nothing else; what a step means is in sequences/engine, what it does to the world in activities/enrollment.
 */
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { EnrollmentActivities } from '../activities/enrollment/index.ts';
import { initialState, reduce } from '../sequences/engine/reduce.ts';
import type { Command, Decision, EngineEvent, EngineState, InboxEvent } from '../sequences/engine/types.ts';
import type { Plan } from '../sequences/plan.ts';
import { PROGRESS, WAKE, type EnrollmentInput, type Progress } from './messages.ts';

/** A sleep longer than this starts a run of its own, so that new code meets little of the past. */
const LONG_SLEEP_MS = 14 * 24 * 60 * 60 * 1000;
const MAX_HISTORY_EVENTS = 1000;
/** Phases whose next command looks at the clock before anything happens. */
const CHECKS_ITSELF: ReadonlySet<EngineState['phase']> = new Set(['booked', 'in_flight']);

// Nothing here may give up: a database that is down is waited for.
const { load, execute, look } = proxyLocalActivities<EnrollmentActivities>({
  startToCloseTimeout: '60 s',
  // A longer wait is a timer: a workflow task held open for it fills the history meanwhile and keeps the worker from stopping.
  localRetryThreshold: '2 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

const wake = defineSignal(WAKE);
const progress = defineQuery<Progress>(PROGRESS);

/** Why the enrollment ended, as in `enrollments.reason`. */
export interface EnrollmentEnd {
  readonly reason: string;
}

export async function enrollment(input: EnrollmentInput): Promise<EnrollmentEnd> {
  const walk = new Walk(input);
  setHandler(wake, () => walk.wake());
  setHandler(progress, () => walk.progress());
  for (;;) {
    const end = await walk.run();
    if (end) return end;
  }
}

class Walk {
  readonly #input: EnrollmentInput;
  #plan!: Plan;
  #state: EngineState | null = null;
  #command: Command | null = null;
  #decisions: Decision[] = [];
  #revision = 0;
  #news: InboxEvent[] = [];
  /** Business time and its speed, as of the last activity. */
  #now = 0;
  #speed = 1;
  #woken = false;
  /** Whether the state differs from the saved one. */
  #dirty = false;
  #executed = 0;

  constructor(input: EnrollmentInput) {
    this.#input = input;
  }

  wake(): void {
    this.#woken = true;
  }

  progress(): Progress {
    return {
      step: this.#state?.step ?? null,
      phase: this.#state?.phase ?? 'entering',
      until: this.#state?.until ?? null,
    };
  }

  /** Walks from the saved state to the end; null when the database went ahead of this run and it must load again. */
  async run(): Promise<EnrollmentEnd | null> {
    const loaded = await load(this.#input);
    if (loaded.kind === 'ended') return { reason: loaded.reason };
    this.#plan = loaded.plan;
    this.#state = loaded.state;
    this.#command = loaded.command;
    this.#decisions = [];
    this.#dirty = false;
    this.#revision = loaded.revision;
    this.#news = [...loaded.news];
    this.#now = loaded.now;
    this.#speed = loaded.speed;
    if (!this.#state) {
      this.#state = initialState({ seed: loaded.seed, at: loaded.now });
      this.#apply({ type: 'begin', at: loaded.now });
    }
    for (;;) {
      const command = this.#command!;
      if (command.kind === 'sleep') {
        const news = this.#news.shift();
        if (news) {
          this.#apply(news);
          continue;
        }
        if (!this.#dirty) {
          const end = await this.#sleep(command.until);
          if (end) return end;
          continue;
        }
      }
      const result = await execute({
        ...this.#input,
        revision: this.#revision,
        state: this.#state!,
        command,
        decisions: this.#decisions,
      });
      this.#executed++;
      if (result.kind === 'stale') return null;
      if (result.kind === 'ended') return { reason: result.reason };
      if (result.kind === 'done') return { reason: 'done' };
      this.#decisions = [];
      this.#dirty = false;
      this.#revision = result.revision;
      this.#tell(result);
      if (result.answer) this.#apply(result.answer);
    }
  }

  async #sleep(until: number | null): Promise<EnrollmentEnd | null> {
    const wallMs = until === null ? null : Math.max(0, Math.ceil((until - this.#now) / this.#speed));
    const long = wallMs === null || wallMs > LONG_SLEEP_MS;
    if ((long && this.#executed > 1) || workflowInfo().historyLength > MAX_HISTORY_EVENTS) {
      return continueAsNew<typeof enrollment>(this.#input);
    }
    const woken = () => this.#woken;
    const early =
      wallMs === null
        ? await condition(woken).then(() => true)
        : wallMs > 0
          ? await condition(woken, wallMs)
          : this.#woken;
    const { phase, seen } = this.#state!;
    if (!early && CHECKS_ITSELF.has(phase)) {
      this.#apply({ type: 'due', at: until! });
      return null;
    }
    this.#woken = false;
    const looked = await look({ ...this.#input, seen, ...(!early && { until: until! }) });
    if (looked.kind === 'ended') return { reason: looked.reason };
    this.#tell(looked);
    // A timer runs on the wall; business time may be behind it (a slowed time-lapse), and no delay is shortened by that.
    if (!early && this.#now >= until! && this.#news.length === 0) this.#apply({ type: 'due', at: until! });
    return null;
  }

  #apply(event: EngineEvent): void {
    const next = reduce(this.#plan, this.#state!, event);
    this.#state = next.state;
    this.#command = next.command;
    this.#decisions.push(...next.decisions);
    // An answer that leads to sleep is saved with the command that it answers: asked again, it answers the same.
    if ('seq' in event) this.#dirty = true;
  }

  #tell(told: { readonly now: number; readonly speed: number; readonly news: readonly InboxEvent[] }): void {
    this.#now = told.now;
    this.#speed = told.speed;
    const known = this.#news.at(-1)?.seq ?? this.#state!.seen;
    this.#news.push(...told.news.filter((event) => event.seq > known));
  }
}
