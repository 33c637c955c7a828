import { REASONS } from '../sequences/reasons.ts';

const SENTENCES: Readonly<Record<string, string>> = REASONS;

/** A sentence for a reason word, the word itself where it has none; what follows a colon in it is what it is about (`missing_variable:lead.title`). */
export function explainReason(reason: string): string {
  const [word, about] = reason.split(':', 2) as [string, string | undefined];
  const sentence = SENTENCES[word] ?? `The reason given is “${word.replaceAll('_', ' ')}”.`;
  return about === undefined ? sentence : `${sentence.replace(/\.$/, '')} (${about}).`;
}
