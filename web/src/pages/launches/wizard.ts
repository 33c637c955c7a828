/** What a launch is made of while it is put together. */
import type { Answer, Needs } from '../../api/client.ts';

export type Sequence = Answer<'sequences.list'>['items'][number];
export type Tried = Answer<'launches.create'>;

export interface Choice {
  readonly sequence: Sequence | null;
  readonly audience: 'leads' | 'where' | 'import';
  readonly where: string;
  /** null: those that the sequence says. */
  readonly senderIds: readonly string[] | null;
  /** Local time as the browser's field writes it; '': at once. */
  readonly startsAt: string;
  readonly review: 'as-written' | 'first' | 'every';
  readonly reviewer: string;
  readonly name: string;
}

/** From whom the wizard was entered. */
export interface Given {
  readonly leads: readonly string[];
  readonly importId: string | null;
}

/** null: something is missing yet. */
export function requestOf(
  choice: Choice,
  given: Given,
): Omit<Needs<'launches.create'>['body'], 'dryRun'> | null {
  if (!choice.sequence) return null;
  const audience =
    choice.audience === 'leads'
      ? given.leads.length > 0
        ? { leadIds: [...given.leads] }
        : null
      : choice.audience === 'import'
        ? given.importId
          ? { importId: given.importId }
          : null
        : choice.where.trim()
          ? { where: choice.where.trim() }
          : null;
  if (!audience) return null;
  return {
    versionId: choice.sequence.versionId,
    audience,
    senderIds: choice.senderIds && [...choice.senderIds],
    startsAt: choice.startsAt ? new Date(choice.startsAt).toISOString() : null,
    review: choice.review === 'as-written' ? null : choice.review,
    reviewer: choice.reviewer.trim() || null,
    name: choice.name.trim() || null,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
