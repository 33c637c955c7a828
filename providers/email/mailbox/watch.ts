/** Watching one mailbox for as long as it is wanted: told of news by IDLE, asking where the server cannot tell, reconnecting. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImapFlow } from 'imapflow';
import { CannotOpen, openMailbox } from './connect.ts';
import { type Folder, foldersOf } from './folders.ts';
import { type FolderMark, type MailSink, readFolder } from './read-folder.ts';
import type { MailboxConfiguration } from './settings.ts';

export interface WatchSink extends MailSink {
  /** How far each folder was read. */
  marks(): Promise<ReadonlyMap<string, FolderMark>>;
  /** Everything that had arrived is stored; said every few seconds while the connection is well. */
  live(): Promise<void>;
  /** It cannot be read at present; `sentence` says why. */
  failed(sentence: string): Promise<void>;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Wall clock: what arrived from then on is read. */
  readonly since: Date;
}

const LIVE_EVERY_MS = 3_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
const PAUSE_MS = 1_000;
/** A login that was refused is not tried more often. */
const REFUSED_PAUSE_MS = 15_000;
/** A connection that lasted so long was a good one. */
const PROVEN_MS = 10_000;

/** Reads until `signal` is aborted. Failures of the server are waited out; what `sink` throws ends it, so that nothing is passed over. */
export async function watchMailbox(
  configuration: MailboxConfiguration,
  sink: WatchSink,
  options: WatchOptions,
): Promise<void> {
  const { signal } = options;
  for (let failures = 0; !signal.aborted;) {
    const began = performance.now();
    let refused = false;
    try {
      const client = await openMailbox(configuration);
      await new Session(client, configuration, guarded(sink), options).run();
    } catch (error) {
      if (error instanceof SinkFailed) throw error.cause;
      if (signal.aborted) return;
      if (performance.now() - began >= PROVEN_MS) failures = 0;
      failures++;
      refused = error instanceof CannotOpen && error.refused;
      if (error instanceof CannotOpen || failures > 1)
        await sink.failed(error instanceof Error ? error.message : String(error));
    }
    await pause(pauseMs(failures, refused), signal);
  }
}

/** After the first failure at once, as after a restart of the server; then ever longer, and not all mailboxes together. */
function pauseMs(failures: number, refused: boolean): number {
  const base = refused ? REFUSED_PAUSE_MS : failures <= 1 ? 0 : PAUSE_MS;
  const grown = Math.min(base * 2 ** Math.max(0, failures - (refused ? 1 : 2)), LONGEST_PAUSE_MS);
  return grown * (0.75 + Math.random() * 0.5) + Math.random() * 100;
}

class SinkFailed extends Error {}

/** Tells our own failures from the server's. */
function guarded(sink: WatchSink): WatchSink {
  const ours = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw new SinkFailed('storing failed', { cause });
    }
  };
  return {
    marks: () => ours(sink.marks()),
    live: () => ours(sink.live()),
    failed: (sentence) => ours(sink.failed(sentence)),
    arrived: (mail, mark) => ours(sink.arrived(mail, mark)),
    sentCopy: (copy) => ours(sink.sentCopy(copy)),
    moved: (folder, mark) => ours(sink.moved(folder, mark)),
  };
}

/** One connection. */
class Session {
  readonly #client: ImapFlow;
  readonly #configuration: MailboxConfiguration;
  readonly #sink: WatchSink;
  readonly #options: WatchOptions;
  readonly #marks = new Map<string, FolderMark>();
  #news = false;
  #tell: () => void = () => {};

  constructor(client: ImapFlow, configuration: MailboxConfiguration, sink: WatchSink, options: WatchOptions) {
    this.#client = client;
    this.#configuration = configuration;
    this.#sink = sink;
    this.#options = options;
  }

  /** Until the connection breaks, which throws, or the watch is over. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const end = () => this.#client.close();
    signal.addEventListener('abort', end, { once: true });
    this.#client.on('exists', () => this.#hear());
    this.#client.on('close', () => this.#tell());
    try {
      for (const [folder, mark] of await this.#sink.marks()) this.#marks.set(folder, mark);
      const [inbox, ...others] = await foldersOf(this.#client, this.#configuration.folders);
      if (!inbox) throw new Error('the mailbox has no folder to read');
      let pollAt = 0;
      while (!signal.aborted) {
        this.#news = false;
        await this.#read(inbox);
        if (performance.now() >= pollAt) {
          for (const folder of others) await this.#poll(folder);
          pollAt = performance.now() + this.#configuration.pollMs;
          // Back in the inbox, whose news IDLE tells.
          await this.#read(inbox);
        }
        await this.#sink.live();
        await this.#wait(pollAt);
      }
    } finally {
      signal.removeEventListener('abort', end);
      this.#client.close();
    }
  }

  async #read(folder: Folder): Promise<void> {
    const mark = await readFolder(
      this.#client,
      folder,
      this.#marks.get(folder.path),
      this.#options.since,
      this.#sink,
    );
    this.#marks.set(folder.path, mark);
  }

  async #poll(folder: Folder): Promise<void> {
    const mark = this.#marks.get(folder.path);
    const status = await this.#client.status(folder.path, { uidNext: true, uidValidity: true });
    if (!status) return;
    const known =
      mark && status.uidValidity === mark.uidValidity && (status.uidNext ?? Infinity) - 1 <= mark.lastUid;
    if (!known) await this.#read(folder);
  }

  /** Until there is news, or it is time to poll. Says meanwhile that all is well. */
  async #wait(pollAt: number): Promise<void> {
    const { signal } = this.#options;
    if (this.#client.capabilities.has('IDLE')) void this.#client.idle().catch(() => {});
    for (;;) {
      const left = pollAt - performance.now();
      if (this.#news || left <= 0 || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, LIVE_EVERY_MS));
        this.#tell = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (!this.#client.usable) throw new Error('the server closed the connection');
      if (!this.#news && !signal.aborted) await this.#sink.live();
    }
  }

  #hear(): void {
    this.#news = true;
    this.#tell();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
