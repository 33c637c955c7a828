/** Errors as RFC 9457 problem details: every answer of 400 and above is one. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { FieldError } from './field-errors.ts';

export const problemSchema = z
  .object({
    type: z.string().describe('Names the kind of problem: `about:blank`, as `code` says which'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('A word in snake_case, for programs'),
    detail: z.string().describe('What happened and what to do, for people'),
    instance: z.string().describe('The id of the request, also in the header X-Request-Id'),
    errors: z
      .array(
        z.object({
          path: z.string().describe('JSON Pointer (RFC 6901); empty: the whole'),
          message: z.string(),
        }),
      )
      .readonly()
      .optional()
      .describe('What is wrong with which field'),
    details: z.record(z.string(), z.unknown()).optional().describe('What else the error knows'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });
export type Problem = z.output<typeof problemSchema>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Not possible now',
  408: 'Too late',
  410: 'Gone',
  412: 'Changed meanwhile',
  413: 'Too large',
  414: 'Too long',
  415: 'Not in this format',
  422: 'Cannot be done like this',
  428: 'Version missing',
  429: 'Too many requests',
  431: 'Too large',
  500: 'Our mistake',
  503: 'Not available now',
};

/** An error that a route answers on purpose. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;
  readonly errors: readonly FieldError[] | undefined;
  constructor(
    status: number,
    code: string,
    detail: string,
    retryAfterSeconds?: number,
    errors?: readonly FieldError[],
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.errors = errors;
  }
}

export const notFound = (what: string): HttpProblem =>
  new HttpProblem(404, 'not_found', `There is no such ${what}.`);

const REFUSALS: Readonly<Record<string, number>> = {
  not_found: 404,
  erased: 410,
  not_kept: 410,
  changed_meanwhile: 412,
  bad_outcome: 422,
  bad_text: 422,
  bad_name: 422,
  bad_time: 422,
  bad_colleague: 422,
  bad_range: 422,
  ambiguous: 422,
  nothing_to_wait_for: 422,
};

/** Typed errors of the operations, by name. */
const BY_NAME: Readonly<Record<string, readonly [status: number, code: string]>> = {
  SequenceError: [422, 'bad_sequence'],
  LeadsCsvError: [422, 'bad_csv'],
  ScriptError: [422, 'bad_event'],
  ConditionError: [422, 'bad_condition'],
  BadSender: [422, 'bad_sender'],
  BadSettings: [422, 'bad_sender'],
  UnknownProvider: [422, 'bad_sender'],
  UrlRefusedError: [422, 'url_refused'],
  UnknownTypeError: [422, 'unknown_type'],
  UnknownEndpointError: [404, 'not_found'],
  IdentityTaken: [409, 'identity_taken'],
  BadLeadField: [422, 'bad_lead'],
  BadConsentPolicy: [422, 'bad_consent_policy'],
  UnknownZone: [422, 'unknown_time_zone'],
  BadTime: [422, 'bad_time'],
  UnknownKeyError: [409, 'unknown_key'],
  BrokenSecretError: [409, 'broken_secret'],
  TemporalUnreachable: [503, 'temporal_unreachable'],
  CopyNotPublished: [409, 'copy_not_published'],
  CopyWouldHold: [409, 'copy_would_hold'],
};

/** Of PostgreSQL: numbers, dates and texts that are none (SQLSTATE, class 22). */
const UNREADABLE: ReadonlySet<string> = new Set(['22003', '22007', '22008', '22021', '22P02', '22P05']);

const TOLD = ['problems', 'holds', 'line', 'steps', 'revision'] as const;

/** What an error is to whoever asked. */
export function problemOf(error: unknown, requestId: string): Problem {
  const make = (status: number, code: string, detail: string, more: Partial<Problem> = {}): Problem => ({
    type: 'about:blank',
    title: TITLES[status] ?? 'Problem',
    status,
    code,
    detail,
    instance: requestId,
    ...more,
  });
  if (error instanceof HttpProblem)
    return make(error.status, error.code, error.message, error.errors && { errors: error.errors });
  if (!(error instanceof Error)) return make(500, 'unexpected', 'Something went wrong; the log knows what.');
  const { code, statusCode } = error as FastifyError;
  if (error.name === 'CommandRefused') return make(REFUSALS[code] ?? 409, code, error.message);
  const known = BY_NAME[error.name];
  if (known) {
    const own = error as unknown as Record<string, unknown>;
    const details = Object.fromEntries(
      TOLD.filter((name) => own[name] !== undefined).map((name) => [name, own[name]]),
    );
    return make(known[0], known[1], error.message, Object.keys(details).length > 0 ? { details } : {});
  }
  // What no media type can be read from; another one than the route takes never comes so far.
  if (statusCode === 415)
    return make(415, 'unsupported_media_type', 'This Content-Type cannot be read: write it as type/subtype.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return make(
      statusCode,
      (code ?? 'bad_request').replace(/^FST_(?:ERR_)?/, '').toLowerCase(),
      error.message,
    );
  // What a schema let pass and PostgreSQL cannot read: such as a made-up cursor.
  if (code && UNREADABLE.has(code))
    return make(
      400,
      'bad_value',
      'A value is none that can be read: check dates, numbers, texts and the cursor.',
    );
  if (code === '57014' || code === '53300' || code?.startsWith('08'))
    return make(503, 'database_busy', 'The database did not answer in time; try again.');
  return make(
    500,
    'unexpected',
    'Something went wrong on our side; the log knows what, under this request id.',
  );
}

/** The scope's error handler. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request.id);
  if (problem.status >= 500 || problem.code === 'bad_value')
    request.log[problem.status >= 500 ? 'error' : 'warn'](
      { err: error, route: request.routeOptions.url, request: request.id },
      'a request failed',
    );
  if (error instanceof HttpProblem && error.retryAfterSeconds !== undefined)
    void reply.header('retry-after', String(error.retryAfterSeconds));
  // Past the route's own schemas: an error handler's answer has always this one.
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem);
}
