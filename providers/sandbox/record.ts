/** The sandbox's own durable record: one JSON line each, written before the provider answers, so that no other process's death can lose one. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A message or action that a provider took. */
export interface Received {
  readonly n: number;
  readonly provider: 'smtp' | 'unipile' | 'twilio';
  readonly channel: string;
  readonly action: string;
  /** From the Message-ID, the X-Cadenza-Touch header or the status callback's query; null: the request had none. */
  readonly touchId: string | null;
  /** Which account sent. */
  readonly from: string;
  readonly to: string;
  /** Wall clock, ISO. */
  readonly at: string;
  /** Business time, ISO; null: the sandbox was not told of it. */
  readonly businessAt: string | null;
  readonly providerId: string;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A callback as the CRM got it. */
export interface CallbackReceived {
  readonly n: number;
  /** webhook-id. */
  readonly id: string;
  readonly type: string | null;
  readonly touchId: string | null;
  readonly verified: boolean;
  /** Answered with 2xx. */
  readonly accepted: boolean;
  readonly status: number;
  readonly at: string;
  readonly businessAt: string | null;
  readonly body: unknown;
}

/** An append-only file of JSON lines. Each entry is in the kernel's hands when `append` returns. */
export class Journal<T extends { readonly n: number }> {
  readonly path: string;
  readonly #fd: number;
  #next: number;

  constructor(dir: string, name: string) {
    mkdirSync(dir, { recursive: true });
    this.path = join(dir, name);
    this.#next = repair(this.path) + 1;
    this.#fd = openSync(this.path, 'a');
  }

  append(entry: Omit<T, 'n'>): T {
    const whole = { n: this.#next++, ...entry } as unknown as T;
    const line = Buffer.from(`${JSON.stringify(whole)}\n`);
    for (let written = 0; written < line.length;) written += writeSync(this.#fd, line, written);
    return whole;
  }

  /** Everything so far, read from the file. */
  read(): T[] {
    return lines(this.path).map((line) => JSON.parse(line) as T);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function lines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

// Cuts off what a killed sandbox wrote of a line it never answered for, and tells how many whole ones there are.
function repair(path: string): number {
  if (!existsSync(path)) return 0;
  const content = readFileSync(path);
  const end = content.lastIndexOf(10) + 1;
  if (end < content.length) truncateSync(path, end);
  return lines(path).length;
}
