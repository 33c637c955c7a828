/** The twilio package on our own agents and base URL, one client a call: its RequestClient keeps state about the last request. */
import twilio from 'twilio';
import type RequestClient from 'twilio/lib/base/RequestClient.js';
import * as z from 'zod';
import { agents, broken, REQUEST_TIMEOUT_MS, retryAfter, sendDeadline } from '../http.ts';
import type { SenderAccount } from '../ports.ts';
import { isLoopback, providerUrl, readSettings } from '../settings.ts';

const settingsSchema = z.strictObject({
  /** Where the API is, when not at Twilio's: the origin of every request is replaced by it. */
  baseUrl: providerUrl.optional(),
  edge: z.string().optional(),
  region: z.string().optional(),
  /** `MG…`: chooses the number; without it the sender's address is the number. */
  messagingServiceSid: z.string().startsWith('MG').optional(),
  /** Where Twilio reports deliveries; the touch's id is added to its query as `touch`. */
  statusCallbackUrl: providerUrl.optional(),
  timeoutMs: z.int().min(100).max(60_000).default(REQUEST_TIMEOUT_MS),
  /** How long after a touch was handed over the list of messages proves that it is not there, in milliseconds. */
  settleMs: z.int().min(0).default(60_000),
});

const credentialsSchema = z
  .object({
    accountSid: z.string().startsWith('AC', 'begins with AC; find it in the Twilio console'),
    authToken: z.string().min(1).optional(),
    /** Instead of the auth token. */
    apiKeySid: z.string().startsWith('SK').optional(),
    apiKeySecret: z.string().min(1).optional(),
  })
  .refine(
    (given) =>
      given.authToken !== undefined || (given.apiKeySid !== undefined && given.apiKeySecret !== undefined),
    'give authToken, or apiKeySid and apiKeySecret',
  );

export type TwilioSettings = z.output<typeof settingsSchema>;

/** An answer of Twilio's that is not a success. */
export class TwilioRefusal extends Error {
  override name = 'TwilioRefusal';
  readonly status: number;
  /** Twilio's error code (twilio.com/docs/api/errors); null when the answer had none. */
  readonly code: number | null;
  readonly retryAfterMs: number | null;
  constructor(status: number, body: unknown, headers: unknown) {
    const parsed = parseBody(body);
    super(parsed.message ?? `Twilio answered ${status}`);
    this.status = status;
    this.code = parsed.code ?? null;
    this.retryAfterMs = retryAfter((headers as Record<string, unknown> | undefined)?.['retry-after']);
  }
}

/** No answer from Twilio. `written`: the request may have reached it. */
export class TwilioSilence extends Error {
  override name = 'TwilioSilence';
  readonly written: boolean;
  readonly code: string;
  constructor(cause: unknown) {
    const { written, code, detail } = broken(cause);
    super(detail, { cause });
    this.written = written;
    this.code = code;
  }
}

function parseBody(body: unknown): { message?: string; code?: number } {
  if (typeof body !== 'string') return (body ?? {}) as { message?: string; code?: number };
  try {
    return JSON.parse(body) as { message?: string; code?: number };
  } catch {
    return {};
  }
}

class Requests extends twilio.RequestClient {
  readonly #baseUrl: string | undefined;

  constructor(baseUrl: string | undefined, timeoutMs: number) {
    super({ timeout: timeoutMs, keepAlive: false });
    this.#baseUrl = baseUrl;
    Object.assign(this.axios.defaults, agents);
    const { signal } = sendDeadline();
    this.axios.interceptors.request.use((config) => Object.assign(config, { signal }));
  }

  override async request<TData>(options: RequestClient.RequestOptions<TData>) {
    const url = new URL(options.uri);
    const uri = this.#baseUrl === undefined ? options.uri : `${this.#baseUrl}${url.pathname}${url.search}`;
    const response = await super
      .request<TData>({ ...options, uri, allowRedirects: false })
      .catch((error: unknown) => {
        throw new TwilioSilence(error);
      });
    // Thrown here, where the headers are still at hand: the package's own RestException drops Retry-After.
    if (response.statusCode >= 300)
      throw new TwilioRefusal(response.statusCode, response.body, response.headers);
    return response;
  }
}

/**
 * An address of ours that Twilio is to tell, or undefined where it could not: this machine's own is of use to a Twilio on this machine
 * only, and the real one refuses a message that names it.
 */
export function reachable(settings: TwilioSettings, url: string | undefined): string | undefined {
  const local = (address: string): boolean => isLoopback(new URL(address).hostname);
  if (url === undefined || !local(url)) return url;
  return settings.baseUrl !== undefined && local(settings.baseUrl) ? url : undefined;
}

/** A client for the sender's account. Throws `BadSettings`. */
export function twilioClient(sender: SenderAccount): { client: twilio.Twilio; settings: TwilioSettings } {
  const { settings, credentials } = readSettings(sender, {
    settings: settingsSchema,
    credentials: credentialsSchema,
  });
  const user = credentials.apiKeySid ?? credentials.accountSid;
  const secret = credentials.apiKeySid ? credentials.apiKeySecret : credentials.authToken;
  const client = twilio(user, secret, {
    accountSid: credentials.accountSid,
    httpClient: new Requests(settings.baseUrl, settings.timeoutMs),
    ...(settings.edge ? { edge: settings.edge } : {}),
    ...(settings.region ? { region: settings.region } : {}),
  });
  return { client, settings };
}
