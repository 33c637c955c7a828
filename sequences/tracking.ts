/** The words of opens and clicks of emails. */

export type HitKind = 'open' | 'click';

/**
 * Why a hit is taken for a machine's. `head`: only asked about; `prefetch`: says that it fetches ahead; `proxy`: a mail
 * provider's image proxy, which loads images whether or not anybody reads; `agent`: a scanner, a bot, or nobody in particular;
 * `at_once`: sooner after sending than anybody reads; `several_links`: different links of one message at the same time.
 */
export type MachineReason = 'head' | 'prefetch' | 'proxy' | 'agent' | 'at_once' | 'several_links';

/** What is tracked of one message, decided and stored before it leaves. */
export interface MessageTracking {
  readonly opens: boolean;
  /** The addresses that its links lead to, by number. Empty: no clicks. */
  readonly links: readonly string[];
}
