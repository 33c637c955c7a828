import { Lexer } from 'yaml';

/** Limits that no hand-written definition meets, and that keep a hostile one cheap to refuse. */
const MAX_BYTES = 1_000_000;
export const MAX_DEPTH = 40;
/** Words and texts: names of fields and what stands in them. */
const MAX_WORDS = 12_000;

/** Where reading stopped: an offset into the text, or null when there is no text yet. */
export interface ReadFailure {
  readonly offset: number | null;
  readonly message: string;
  readonly hint: string;
}

/** The text of a definition file, or why it is none: too large, not UTF-8, empty, control characters, nested too deep. */
export function decode(source: string | Uint8Array): { readonly text: string } | ReadFailure {
  const bytes = typeof source === 'string' ? Buffer.byteLength(source) : source.byteLength;
  if (bytes > MAX_BYTES) {
    return failure(
      null,
      `the file has ${bytes} bytes; at most ${MAX_BYTES} are read`,
      'a sequence is a few hundred lines: is this the right file?',
    );
  }
  let text = '';
  if (typeof source === 'string') text = source;
  else {
    const [first, second] = source;
    if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
      return failure(null, 'the file is encoded as UTF-16', 'save it as UTF-8');
    }
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source);
    } catch {
      // Read with replacement characters, the first one stands where the first bad byte is.
      const bad = new TextDecoder('utf-8').decode(source).indexOf('\uFFFD');
      return failure(bad, 'the file is not valid UTF-8 from here on', 'save it as UTF-8');
    }
  }
  if (text.startsWith('\uFEFF')) text = text.slice(1);
  if (text.trim() === '')
    return failure(null, 'the file is empty', 'a sequence has at least a name and steps');
  const control = text.search(FORBIDDEN);
  if (control >= 0) {
    const code = text.charCodeAt(control).toString(16).padStart(4, '0').toUpperCase();
    return failure(
      control,
      `the file has a control character (U+${code}) here`,
      'delete it; saved as UTF-16 or binary by mistake?',
    );
  }
  const deep = firstTooMuch(text);
  if (deep !== null) return failure(deep.offset, deep.message, 'split the sequence in two');
  return { text };
}

/** Control characters but tab and line ends, lone surrogates, and the private characters that rendering uses as marks. */
const FORBIDDEN = /[\p{Cs}\uE000\uE001]|(?![\t\n\r\u0085])\p{Cc}/u;

function failure(offset: number | null, message: string, hint: string): ReadFailure {
  return { offset, message, hint };
}

/**
 * The YAML parser recurses and can take the process down with it, so depth within a line is counted on tokens before; so are words,
 * for which it needs hundreds of times as long.
 */
function firstTooMuch(text: string): { readonly offset: number; readonly message: string } | null {
  let words = 0;
  let offset = 0;
  let flow = 0;
  let inLine = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow += 1;
    else if (token === ']' || token === '}') flow -= 1;
    else if (token === '-' || token === '?' || token === ':') inLine += 1;
    else if (token.includes('\n')) inLine = 0;
    if (flow > MAX_DEPTH || (flow === 0 && inLine > MAX_DEPTH))
      return { offset, message: `nested deeper than ${MAX_DEPTH} levels` };
    if (token === SCALAR && ++words > MAX_WORDS)
      return { offset, message: `more than ${MAX_WORDS} names and values` };
    // Marks such as the start of a document or a scalar are no characters of the file.
    if (!MARKS.has(token)) offset += token.length;
  }
  return null;
}

const SCALAR = '\u001F';
const MARKS = new Set(['\u0002', '\u0018', SCALAR]);
