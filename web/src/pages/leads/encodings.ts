/** What the bytes of a file mean (https://encoding.spec.whatwg.org): programs for tables do not always write UTF-8. */

/** A byte a letter, and nothing in the file says which is which. */
export const CODE_PAGES = ['windows-1252', 'windows-1254', 'windows-1250', 'windows-1251'] as const;
export type CodePage = (typeof CODE_PAGES)[number];

const READ_BY: Readonly<Record<string, CodePage>> = {
  tr: 'windows-1254',
  az: 'windows-1254',
  pl: 'windows-1250',
  cs: 'windows-1250',
  sk: 'windows-1250',
  hu: 'windows-1250',
  sl: 'windows-1250',
  hr: 'windows-1250',
  ro: 'windows-1250',
  ru: 'windows-1251',
  uk: 'windows-1251',
  bg: 'windows-1251',
};

/** The likeliest where a language is spoken (BCP 47). */
export const codePageOf = (language: string): CodePage => READ_BY[language.slice(0, 2)] ?? CODE_PAGES[0];

/** The text of UTF-16 with its mark, or of UTF-8; null: it is neither, so somebody has to look. */
export function textOf(bytes: Uint8Array): string | null {
  const mark = `${bytes[0]} ${bytes[1]}`;
  if (mark === '255 254') return new TextDecoder('utf-16le').decode(bytes);
  if (mark === '254 255') return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

export const readAs = (bytes: Uint8Array, codePage: CodePage): string =>
  new TextDecoder(codePage).decode(bytes);

/** Words by which one sees whether a text was read right: those with letters beyond English. */
export const telling = (text: string): readonly string[] => [
  ...new Set(text.split(/[\s,;|"]+/).filter((word) => /[^\p{ASCII}]/u.test(word))),
];
