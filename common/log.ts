import pino from 'pino';

export type Logger = pino.Logger;

const HIDDEN = '[hidden]';

// What is secret by its name, wherever it stands in a logged object (pino's redaction needs the depth spelt out).
const SECRET_FIELDS = [
  'password',
  'secret',
  'secrets',
  'token',
  'credentials',
  'authorization',
  'cookie',
  'apiKey',
  'api_key',
  'accessToken',
  'refreshToken',
  'clientSecret',
  'webhook-signature',
];
const PATHS = SECRET_FIELDS.flatMap((name) =>
  ['', '*', '*.*', '*.*.*'].map((above) => `${above}["${name}"]`),
);

const SECRET_TEXT: readonly [RegExp, string][] = [
  [/cdz_[A-Za-z0-9_-]{20,}/g, HIDDEN],
  [/\/sign-in\/[A-Za-z0-9_-]{20,}/g, `/sign-in/${HIDDEN}`],
  [/whsec_[A-Za-z0-9+/=_-]+/g, HIDDEN],
  [/v1\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]{8,}){3}/g, HIDDEN],
  // The user and password of a URL.
  [/:\/\/[^/\s"@]+@/g, `://${HIDDEN}@`],
  [/\/u\/[A-Za-z0-9_-]{20,}/g, `/u/${HIDDEN}`],
];
const ADDRESS_TEXT: readonly [RegExp, string][] = [
  [/[^\s"'<>:@,;()[\]{}\\]+@[^\s"'<>:@,;()[\]{}\\]+/g, '[address]'],
  [/\+\d{8,15}\b/g, '[phone]'],
  [/linkedin\.com\/in\/[^\s"'\\]+/gi, 'linkedin.com/in/[person]'],
];

/**
 * A pino logger that writes JSON lines to `destination` (default: standard output). Secrets never show; mail addresses, phone
 * numbers and profile links show at debug and trace only, also inside error messages that quote a provider.
 */
export function createLogger(
  options: { readonly level?: string; readonly destination?: pino.DestinationStream } = {},
): Logger {
  const settings: pino.LoggerOptions = {
    level: options.level ?? 'info',
    base: null,
    redact: { paths: PATHS, censor: HIDDEN },
    serializers: { err: plainError, error: plainError },
    hooks: { streamWrite: clean },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

/** Of an error only what says what happened: other fields may hold rows (PostgreSQL's `detail`) or headers with keys (HTTP clients). */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const { code } = error as { readonly code?: unknown };
  return {
    type: name,
    message,
    stack,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(cause !== undefined && { cause: plainError(cause) }),
  };
}

function clean(line: string): string {
  const level = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? 30);
  const rules = level >= 30 ? [...SECRET_TEXT, ...ADDRESS_TEXT] : SECRET_TEXT;
  return rules.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line);
}
