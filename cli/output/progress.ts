import { harmless } from './text.ts';

/** How far something is that takes longer than a moment. Goes to standard error, so that results can be piped. */
export interface Progress {
  /** `total` null: nobody knows how much there is. */
  update(done: number, total: number | null, note?: string): void;
  /** Takes the bar away. Call it also after a failure. */
  end(): void;
}

/** What finishes sooner than this shows nothing. */
const QUIET_MS = 2000;
const LINE_EVERY_MS = 5000;

/** A bar on a terminal; elsewhere a line every few seconds. */
export async function startProgress(
  label: string,
  stream: NodeJS.WriteStream = process.stderr,
  quietMs = QUIET_MS,
): Promise<Progress> {
  const started = performance.now();
  const silent = () => performance.now() - started < quietMs;
  if (!stream.isTTY) {
    let last = -Infinity;
    return {
      update(done, total, note) {
        if (silent() || performance.now() - last < LINE_EVERY_MS) return;
        last = performance.now();
        const of = total === null ? '' : ` of ${total}`;
        stream.write(`${harmless(`${label}: ${done}${of}${note ? `, ${note}` : ''}`)}\n`);
      },
      end() {},
    };
  }
  const { default: cliProgress } = await import('cli-progress');
  let bar: InstanceType<typeof cliProgress.SingleBar> | undefined;
  return {
    update(done, total, note = '') {
      if (silent()) return;
      if (!bar) {
        const format =
          total === null ? `${label}: {value} {note}` : `${label} {bar} {value} of {total} {note}`;
        bar = new cliProgress.SingleBar({ format, stream, hideCursor: true, clearOnComplete: true });
        bar.start(total ?? 0, done, { note: harmless(note) });
      }
      if (total !== null) bar.setTotal(Math.max(total, 1));
      bar.update(done, { note: harmless(note) });
    },
    end() {
      bar?.stop();
    },
  };
}
