/** So many characters of texts are remembered for one function, the oldest text forgotten first. */
const MOST = 4_000_000;
/** What is kept of a text besides, as if it were characters. */
const APIECE = 500;

/** The same function of a text, which does its work once for each: a launch renders the same few texts over and over. */
export function remembered<Out extends object>(make: (text: string) => Out): (text: string) => Out {
  const known = new Map<string, Out>();
  let size = 0;
  return (text) => {
    const before = known.get(text);
    if (before) return before;
    const made = make(text);
    known.set(text, made);
    size += text.length + APIECE;
    for (const [oldest] of known) {
      if (size <= MOST) break;
      known.delete(oldest);
      size -= oldest.length + APIECE;
    }
    return made;
  };
}
