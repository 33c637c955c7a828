import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalStackError } from './errors.ts';

/** A server that ends with this process, however this process ends. */
export interface GuardedProcess {
  /** Of the server itself, not of its guard. */
  readonly pid: number;
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>;
  /** Asks it to end, insists after `patienceMs` (default 10 s), and returns when it has ended. */
  stop(patienceMs?: number): Promise<void>;
}

export interface GuardOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** What asks this server to end in good order. */
  readonly signal: 'INT' | 'TERM';
  /** Everything it prints goes here, from the beginning. */
  readonly logFile: string;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Starts the server and a subshell that waits for this process's end of a pipe: when this process dies, even by kill -9, the pipe
 * closes and the server is asked to end. A session of its own keeps a terminal's Ctrl-C from reaching the server before
 * the work that needs it has drained.
 */
const GUARD = `signal=$1; shift
exec 4<&0 </dev/null
"$@" 3>&- 4<&- & server=$!
echo "$server" >&3
exec 3>&-
{ read -r _ <&4; kill -s "$signal" "$server"; } 2>/dev/null & watcher=$!
exec 4<&-
wait "$server"; code=$?
{ kill "$watcher"; wait "$watcher"; } 2>/dev/null
exit "$code"`;

/** Starts a server under a guard. Throws when the command cannot be run at all. */
export async function startGuarded(options: GuardOptions): Promise<GuardedProcess> {
  const log = openSync(options.logFile, 'w');
  const windows = platform() === 'win32';
  const spawnOptions = { detached: !windows, cwd: options.cwd, uid: options.uid, gid: options.gid };
  const child = windows
    ? spawn(options.command, options.args, { ...spawnOptions, stdio: ['pipe', log, log], windowsHide: true })
    : spawn('/bin/sh', ['-c', GUARD, 'cadenza-guard', options.signal, options.command, ...options.args], {
        ...spawnOptions,
        stdio: ['pipe', log, log, 'pipe'],
      });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin?.on('error', () => {});
  void ended.then(() => child.stdin?.destroy());
  const pid = windows ? child.pid! : await guardedPid(child);
  return {
    pid,
    ended,
    async stop(patienceMs = 10_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      signalProcess(pid, `SIG${options.signal}`);
      const deadline = new AbortController();
      const late = sleep(patienceMs, 'late', { signal: deadline.signal }).catch(() => 'stopped');
      if ((await Promise.race([ended, late])) === 'late') signalProcess(pid, 'SIGKILL');
      deadline.abort();
      await ended;
    },
  };
}

function guardedPid(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const pipe = child.stdio[3] as NodeJS.ReadableStream;
    pipe.on('data', (chunk: Buffer) => (text += chunk.toString()));
    pipe.once('end', () => {
      const pid = Number.parseInt(text, 10);
      if (Number.isInteger(pid)) resolve(pid);
      else reject(new LocalStackError('the server could not be started'));
    });
    child.once('error', reject);
  });
}

/** Sends a signal; a process that is gone is fine. */
function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The command line of a process; null when there is none with this id (or it has ended and waits to be collected). */
export function commandLine(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 1) return null;
  if (platform() === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null;
    } catch {
      return null;
    }
  }
  const ps = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return ps.status === 0 ? ps.stdout.trim() || null : null;
}

/**
 * Ends what an earlier run left behind: asks, insists after `patienceMs`. Does nothing unless the process's command line
 * contains every one of `marks`, so a recycled process id is never hit. True when there was one.
 */
export async function endLeftover(
  pid: number,
  marks: readonly string[],
  signal: NodeJS.Signals,
  patienceMs = 15_000,
): Promise<boolean> {
  const isOurs = () => {
    const line = commandLine(pid);
    return line !== null && marks.every((mark) => line.includes(mark));
  };
  if (!isOurs()) return false;
  signalProcess(pid, signal);
  for (let waited = 0; isOurs(); waited += 50) {
    if (waited === patienceMs) signalProcess(pid, 'SIGKILL');
    if (waited > patienceMs + 5000)
      throw new LocalStackError(`process ${pid} of an earlier run does not end; end it by hand`);
    await sleep(50);
  }
  return true;
}
