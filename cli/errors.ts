/** From errors to what a person reads and a script checks. */

/** 1: it was understood and failed. 2: what was asked for, or a file that was given, is wrong. */
export type ExitCode = 1 | 2;

/** A mistake that a command itself found. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  /** A snake_case word for scripts. */
  readonly code: string;
  constructor(message: string, exitCode: ExitCode = 2, code = 'bad_usage') {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}

/** An error said for people and for scripts. */
export interface Explained {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  /** What the error knows beyond its message, such as each problem's file, line and column. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Nobody's mistake but the program's. */
  readonly unexpected?: boolean;
}

/** Typed errors by name, because importing their modules would cost every command their weight. */
const BY_NAME: Readonly<Record<string, readonly [ExitCode, string]>> = {
  SequenceError: [2, 'bad_sequence'],
  LeadsCsvError: [2, 'bad_csv'],
  ScriptError: [2, 'bad_event'],
  ConditionError: [2, 'bad_condition'],
  BadSender: [2, 'bad_sender'],
  BadSettings: [2, 'bad_sender'],
  UnknownProvider: [2, 'bad_sender'],
  UrlRefusedError: [2, 'url_refused'],
  UnknownTypeError: [2, 'unknown_type'],
  UnknownEndpointError: [2, 'not_found'],
  IdentityTaken: [2, 'identity_taken'],
  BadConsentPolicy: [2, 'bad_consent_policy'],
  UnknownZone: [2, 'unknown_time_zone'],
  BadTime: [2, 'bad_time'],
  ConfigError: [2, 'bad_configuration'],
  KeyFormatError: [2, 'bad_configuration'],
  UnknownKeyError: [1, 'unknown_key'],
  BrokenSecretError: [1, 'broken_secret'],
  TemporalUnreachable: [1, 'temporal_unreachable'],
  LocalStackError: [1, 'local_stack'],
  CopyNotPublished: [1, 'copy_not_published'],
  CopyWouldHold: [1, 'copy_would_hold'],
};

/** Refusals that say the question was wrong; the others say that it cannot be now. */
const WRONG_QUESTION = new Set([
  'not_found',
  'ambiguous',
  'bad_outcome',
  'bad_text',
  'bad_time',
  'bad_range',
  'bad_name',
  'nothing_to_wait_for',
]);

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no file %.',
  ENOTDIR: 'There is no file %.',
  EISDIR: '% is a folder; name a file.',
  EACCES: '% cannot be read or written: permission denied.',
  EPERM: '% cannot be read or written: permission denied.',
};

const OFFLINE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'ECONNRESET',
  'EHOSTUNREACH',
]);

/** What went wrong, with the exit code that says whose mistake it was. */
export function explain(error: unknown): Explained {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return unexpected(String(error));
  const { code, path } = error as NodeJS.ErrnoException;
  if (error.name === 'CommandRefused') {
    const refusal = code ?? 'refused';
    return { exitCode: WRONG_QUESTION.has(refusal) ? 2 : 1, code: refusal, message: error.message };
  }
  if (error.name === 'AbortError') return { exitCode: 1, code: 'interrupted', message: 'Interrupted.' };
  const known = BY_NAME[error.name];
  if (known) return { exitCode: known[0], code: known[1], message: error.message, details: details(error) };
  // Reading a folder is the one mistake whose error does not say which.
  if (code !== undefined && FILE_ERRORS[code] && (path !== undefined || code === 'EISDIR')) {
    const named = path ?? 'What you named as a file';
    return { exitCode: 2, code: 'bad_file', message: FILE_ERRORS[code].replace('%', () => named) };
  }
  const inner = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const offline = (inner as NodeJS.ErrnoException).code;
  if (offline !== undefined && OFFLINE.has(offline)) {
    return { exitCode: 1, code: 'unreachable', message: `No connection: ${inner.message}.` };
  }
  if (code === '28P01' || code === '28000' || code === '3D000' || code === '42501') {
    return { exitCode: 1, code: 'database_refused', message: `PostgreSQL refused: ${error.message}.` };
  }
  return unexpected(error.message || error.name);
}

function unexpected(message: string): Explained {
  return { exitCode: 1, code: 'unexpected', message, unexpected: true };
}

const TOLD = ['problems', 'holds', 'line', 'steps', 'revision'] as const;

function details(error: Error): Readonly<Record<string, unknown>> {
  const own = error as unknown as Record<string, unknown>;
  return Object.fromEntries(
    TOLD.flatMap((key) => (own[key] === undefined || own[key] === null ? [] : [[key, own[key]]])),
  );
}
