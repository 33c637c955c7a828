/** The webhooks of the sandbox's Twilio and Unipile: posted when something happens, signed as the real ones do it, to this machine only. */
import { setTimeout as sleep } from 'node:timers/promises';
import twilio from 'twilio';
import { isLoopback } from '../settings.ts';

/** The account that the sandbox's Twilio knows. */
export const TWILIO_ACCOUNT = {
  accountSid: `AC${'5a'.repeat(16)}`,
  authToken: 'sandbox-twilio-token',
} as const;

/** What the sandbox's Unipile brings along in the header `Unipile-Auth`. */
export const UNIPILE_WEBHOOK_SECRET = 'sandbox-unipile-webhook-secret';

/** What would be entered at the providers. */
export interface SandboxHooks {
  /** How the API is reached from outside, without a slash at the end: what is signed. */
  readonly publicUrl: string;
  /** Where it listens on this machine: what is posted to. */
  readonly localUrl: string;
  /** The path that is entered for a Twilio number (`whatsapp:` before it for WhatsApp) or a Unipile account; null: none is. */
  readonly pathOf: (provider: 'twilio' | 'unipile', account: string) => Promise<string | null>;
}

const PATIENCE_MS = 30_000;
/** Unipile comes five times more when it is not answered 200; Twilio does not come again. */
const UNIPILE_TRIES = 6;
const AGAIN_MS = 1000;

/** What is posted, and what of it is under way. */
export class Hooks {
  readonly #entered: SandboxHooks | undefined;
  readonly #closing: AbortSignal;
  readonly #underWay = new Set<Promise<void>>();

  constructor(entered: SandboxHooks | undefined, closing: AbortSignal) {
    this.#entered = entered;
    this.#closing = closing;
  }

  /** Does it without keeping anybody waiting. */
  later(work: () => Promise<void>): void {
    const running = work()
      .catch(() => {})
      .finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
  }

  /** Resolves when everything that happened was told, or could not be. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Twilio's request to an address that it was given with a message or call. */
  async twilio(url: string, parameters: Readonly<Record<string, string>>): Promise<void> {
    const form = { ...parameters, AccountSid: TWILIO_ACCOUNT.accountSid, ApiVersion: '2010-04-01' };
    await this.#post(url, new URLSearchParams(form), {
      'x-twilio-signature': twilio.getExpectedTwilioSignature(TWILIO_ACCOUNT.authToken, url, form),
    });
  }

  /** Twilio's request to the address that is entered for a number. */
  async twilioNumber(number: string, parameters: Readonly<Record<string, string>>): Promise<void> {
    const url = await this.#entry('twilio', number);
    if (url !== null) await this.twilio(url, parameters);
  }

  /** Unipile's request to the address that is entered for an account. */
  async unipile(account: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    const url = await this.#entry('unipile', account);
    if (url === null) return;
    const headers = { 'content-type': 'application/json', 'unipile-auth': UNIPILE_WEBHOOK_SECRET };
    for (let attempt = 1; attempt <= UNIPILE_TRIES && !this.#closing.aborted; attempt++) {
      if (await this.#post(url, JSON.stringify(body), headers)) return;
      await sleep(attempt * AGAIN_MS, undefined, { signal: this.#closing }).catch(() => {});
    }
  }

  async #entry(provider: 'twilio' | 'unipile', account: string): Promise<string | null> {
    const path = (await this.#entered?.pathOf(provider, account)) ?? null;
    return path === null ? null : `${this.#entered!.publicUrl}${path}`;
  }

  /** Whether it was answered 2xx. Nothing leaves this machine: what is not here is not told. */
  async #post(
    url: string,
    body: string | URLSearchParams,
    headers: Record<string, string>,
  ): Promise<boolean> {
    const { publicUrl, localUrl } = this.#entered ?? {};
    const here =
      publicUrl !== undefined && url.startsWith(`${publicUrl}/`)
        ? `${localUrl}${url.slice(publicUrl.length)}`
        : url;
    if (!isLoopback(new URL(here).hostname)) return false;
    const signal = AbortSignal.any([this.#closing, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      const answer = await fetch(here, { method: 'POST', body, headers, signal, redirect: 'manual' });
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      return false;
    }
  }
}
