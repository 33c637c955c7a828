import { useState } from 'react';

/** What is typed at a thing that somebody else may change meanwhile. */
export interface Draft<Thing> {
  readonly value: Thing;
  readonly change: (value: Thing) => void;
  /** Of what it was typed at: for `If-Match`. */
  readonly version: string;
  /** Somebody else changed it since; what is typed stays. */
  readonly isStale: boolean;
  /** Goes on with what the other one saved. */
  readonly takeTheirs: () => void;
  /** Goes on with what is typed here, over theirs. */
  readonly keepMine: () => void;
  /** What is typed was saved. */
  readonly settle: () => void;
}

/** Begins with what is `there`, and follows it as long as nothing is typed. */
export function useDraft<Thing>(there: Thing, version: string): Draft<Thing> {
  const [base, setBase] = useState({ value: there, version });
  const [value, change] = useState(there);
  const takeTheirs = () => {
    setBase({ value: there, version });
    change(there);
  };
  const moved = version !== base.version;
  const typed = value !== base.value;
  if (moved && !typed) takeTheirs();
  return {
    value,
    change,
    version: base.version,
    isStale: moved && typed,
    takeTheirs,
    keepMine: () => setBase({ ...base, version }),
    settle: () => setBase({ ...base, value }),
  };
}
