/** What is being typed beside what the server has, so that neither is lost when both change. */
import { useReducer } from 'react';

/** A definition as the server has it. */
export interface Kept {
  readonly source: string;
  /** ETag of the draft; null: there is none, and this is what is published. */
  readonly version: string | null;
  /** Who saved the draft last, where that is known. */
  readonly by: string | null;
}

export interface Writing {
  readonly text: string;
  /** What the text is a change of. */
  readonly base: Kept;
  /** What the editor is to show instead of what was typed; a new object each time. */
  readonly shown: { readonly text: string };
  /** What somebody else made of it while there was text that is not saved: to be chosen from. */
  readonly clash: Kept | null;
  readonly seen: Kept;
}

type Happened =
  | { readonly type: 'typed'; readonly text: string }
  | { readonly type: 'arrived' | 'saved'; readonly kept: Kept }
  | { readonly type: 'mine' | 'theirs' }
  /** Text of an earlier visit, and what it was a change of. */
  | { readonly type: 'restored'; readonly text: string; readonly base: string };

/** The text, and what happens to it. What the server has is taken over by itself only where nothing typed is lost by it. */
export function useWriting(kept: Kept): [Writing, (happened: Happened) => void] {
  const [writing, dispatch] = useReducer(next, kept, begin);
  if (!same(kept, writing.seen)) dispatch({ type: 'arrived', kept });
  return [writing, dispatch];
}

const begin = (kept: Kept): Writing => ({
  text: kept.source,
  base: kept,
  shown: { text: kept.source },
  clash: null,
  seen: kept,
});

function next(writing: Writing, happened: Happened): Writing {
  const { text, base, clash } = writing;
  switch (happened.type) {
    case 'typed':
      return { ...writing, text: happened.text };
    case 'saved':
      return { ...writing, base: happened.kept, clash: null };
    case 'restored':
      return {
        ...writing,
        text: happened.text,
        shown: { text: happened.text },
        // What was saved since is not overwritten unseen.
        clash: happened.base === base.source ? clash : base,
      };
    case 'mine':
      return { ...writing, base: clash ?? base, clash: null };
    case 'theirs':
      return take(writing, clash ?? base);
    case 'arrived': {
      const seen = happened.kept;
      if (same(seen, base)) return { ...writing, seen, clash: null };
      if (text === base.source) return { ...take(writing, seen), seen };
      // The same words under another version are nobody's change.
      if (seen.source === text || seen.source === base.source)
        return { ...writing, seen, base: seen, clash: null };
      return { ...writing, seen, clash: seen };
    }
  }
}

const take = (writing: Writing, kept: Kept): Writing => ({
  ...writing,
  text: kept.source,
  base: kept,
  shown: { text: kept.source },
  clash: null,
});

const same = (one: Kept, other: Kept) => one.version === other.version && one.source === other.source;
