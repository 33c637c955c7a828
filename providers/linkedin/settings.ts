import * as z from 'zod';
import { createHttp, type HttpClient, REQUEST_TIMEOUT_MS, sendDeadline } from '../http.ts';
import type { SenderAccount } from '../ports.ts';
import { providerUrl, readSettings } from '../settings.ts';

const settingsSchema = z.strictObject({
  /** The DSN of the dashboard as a URL, e.g. https://api1.unipile.com:13111. */
  baseUrl: providerUrl,
  /** Unipile's id of the connected LinkedIn account. */
  accountId: z.string().min(1),
  /** Following exists only in v2 of the API, where the account has an id of its own (`acc_…`). Without it, follow steps fail as `not_supported`. */
  v2: z
    .strictObject({ baseUrl: providerUrl.default('https://api.unipile.com'), accountId: z.string().min(1) })
    .optional(),
  timeoutMs: z.int().min(100).max(60_000).default(REQUEST_TIMEOUT_MS),
  /** How long after a touch was handed over the lists of messages and invitations prove that it is not there, in milliseconds. */
  settleMs: z.int().min(0).default(120_000),
});

const credentialsSchema = z.object({
  apiKey: z.string().min(1, 'create an access token in the dashboard'),
  v2ApiKey: z.string().min(1).optional(),
  /** What Unipile's webhooks must bring along in the header Unipile-Auth. */
  webhookSecret: z.string().min(16, 'at least 16 characters').optional(),
});

type UnipileSettings = z.output<typeof settingsSchema>;

/** A sender's connection to Unipile, for one send or look-up: all its requests share one deadline. */
export interface UnipileAccount {
  readonly settings: UnipileSettings;
  readonly http: HttpClient;
  /** null: v2 is not set up. */
  readonly v2: { readonly http: HttpClient; readonly accountId: string } | null;
}

/** Checks a LinkedIn sender and opens its HTTP clients. Throws `BadSettings`. */
export function unipileAccount(sender: SenderAccount, deadlineMs?: number): UnipileAccount {
  const { settings, credentials } = readSettings(sender, {
    settings: settingsSchema,
    credentials: credentialsSchema,
  });
  const deadline = sendDeadline(deadlineMs);
  const client = (baseUrl: string, apiKey: string): HttpClient =>
    createHttp({
      baseUrl,
      headers: { 'X-API-KEY': apiKey, accept: 'application/json' },
      timeoutMs: settings.timeoutMs,
      deadline,
    });
  return {
    settings,
    http: client(`${settings.baseUrl}/api/v1`, credentials.apiKey),
    v2: settings.v2
      ? {
          http: client(`${settings.v2.baseUrl}/v2`, credentials.v2ApiKey ?? credentials.apiKey),
          accountId: settings.v2.accountId,
        }
      : null,
  };
}

/** The member's public identifier out of a profile's URL; null when it is not one of a person. */
export function slugOf(profileUrl: string): string | null {
  const match = /^(?:https?:\/\/)?(?:[a-z]{2,3}\.)?linkedin\.com\/in\/([^/?#\s]+)/i.exec(profileUrl.trim());
  if (!match?.[1]) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return null;
  }
}
