/**
 * The ports behind which outside systems stand. Adapters live in their folders; activities and tests use these types only.
 * No adapter retries by itself: whether a touch may be tried again is the ledger's decision (promise 1).
 */
import type { Action, Channel } from '../sequences/lead.ts';

/** A sender with its decrypted credentials, as adapters need it. */
export interface SenderAccount {
  readonly id: string;
  readonly channel: Channel;
  readonly provider: string;
  readonly name: string;
  readonly address: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, string>>;
}

/** One touch, ready to leave. Everything by which the provider can recognise it derives from `touchId`. */
export interface Outgoing {
  readonly touchId: string;
  readonly action: Action;
  readonly to: string;
  /** What the person is called, where the protocol has room for it. */
  readonly toName: string | null;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  readonly attachments?: readonly {
    readonly name: string;
    readonly contentType: string;
    readonly base64: string;
  }[];
  /** Message-IDs of the thread, oldest first; the last one is answered. */
  readonly thread?: readonly string[];
  readonly unsubscribeUrl?: string;
  readonly contentSid?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** LinkedIn: the provider's own ids from an earlier touch, when known. */
  readonly providerLeadId?: string | null;
  readonly providerChatId?: string | null;
  /** When the touch was first handed over (wall clock): from when `find` looks. */
  readonly since?: Date;
  /** For `find`: touches that this sender certainly sent last, newest first. */
  readonly alsoSent?: readonly string[];
}

/** What became of one attempt. Codes are snake_case words; `detail` is for people and may quote the provider. */
export type SendResult =
  | {
      readonly kind: 'sent';
      readonly providerId: string | null;
      readonly threadId?: string | null;
      readonly messageId?: string | null;
      readonly providerLeadId?: string | null;
    }
  /** Nothing to do, e.g. `already_connected`. */
  | {
      readonly kind: 'skipped';
      readonly code: string;
      readonly detail: string;
      readonly providerLeadId?: string | null;
    }
  /** LinkedIn message to somebody who is not a connection. */
  | { readonly kind: 'not_connected'; readonly providerLeadId: string | null }
  /** Refused before the provider took it; may be tried again after `retryAfterMs` (the provider's own Retry-After when it gave one). */
  | { readonly kind: 'later'; readonly code: string; readonly detail: string; readonly retryAfterMs: number }
  /** Refused for good: this touch fails. `addressBad`: the address itself does not exist (a hard bounce at once). */
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string; readonly addressBad?: boolean }
  /** Refused because of the sender (credentials, account closed, quota of the account withdrawn): it is paused and says so. */
  | { readonly kind: 'sender_broken'; readonly code: string; readonly detail: string }
  /** It may or may not have gone out (a time-out after the message was handed over). */
  | { readonly kind: 'unknown'; readonly code: string; readonly detail: string };

/** What the provider answers when asked whether it took a touch whose outcome is unknown. */
export type FindResult =
  | { readonly kind: 'found'; readonly providerId: string | null; readonly messageId?: string | null }
  /** Only when the provider can prove it. */
  | { readonly kind: 'not_found' }
  | { readonly kind: 'cannot_say' };

/** The result of a sender's check, one line a thing looked at. */
export interface CheckLine {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Something that came in, in the shape in which the provider's webhook tells it. */
export interface Missed {
  /** Wall clock. */
  readonly at: Date;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What a provider took in since an instant (wall clock), oldest first, less what the sender itself wrote. Throws when it cannot be told. */
export type AskMissed = (
  sender: SenderAccount,
  since: Date,
) => Promise<{
  readonly arrived: readonly Missed[];
  /** false: there was more than is read at once; the oldest of it is missing. */
  readonly whole: boolean;
}>;

export interface Provider {
  /** `<channel>/<name>`, e.g. `email/smtp`, `linkedin/unipile`, `linkedin/manual`, `sms/twilio`. */
  readonly id: string;
  /** `task`: this provider has no wire; the step becomes a task for the rep. */
  readonly mode: 'wire' | 'task';
  send(sender: SenderAccount, touch: Outgoing): Promise<SendResult>;
  find(sender: SenderAccount, touch: Outgoing): Promise<FindResult>;
  check(sender: SenderAccount): Promise<readonly CheckLine[]>;
  /** For what a webhook may not have told: nobody was there. */
  readonly missed?: { readonly messages: AskMissed; readonly relations?: AskMissed };
  /** Whether the settings can be used at all, without asking anybody. @throws BadSettings */
  assertSettings?(sender: SenderAccount): unknown;
  close(): Promise<void>;
}
