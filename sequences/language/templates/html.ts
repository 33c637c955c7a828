import { compile } from 'html-to-text';
import { Marked } from 'marked';
import { CopyError } from './copy-errors.ts';
import { remembered } from './remembered.ts';

/**
 * Values go into HTML last. While Markdown is turned into HTML each one is a mark of two private characters around a
 * number, which is no syntax in either; so whatever a lead is called, it is text.
 */
const MARK = /\uE000(\d+)\uE001/g;

/** Keeps values aside; `mark` answers with what stands for one in the meantime. */
export class SetAside {
  private readonly values: string[] = [];

  mark(value: string): string {
    this.values.push(value);
    return `\uE000${this.values.length - 1}\uE001`;
  }

  value(index: string): string {
    return this.values[Number(index)] ?? '';
  }
}

// A line break stays one, as in a mail client's composer.
const marked = new Marked({ gfm: true, breaks: true, async: false });

/** HTML with gaps between its texts, where values go. */
export interface Gapped {
  /** One more than gaps. */
  readonly texts: readonly string[];
  readonly gaps: readonly { readonly value: string; readonly place: Place }[];
}

/** What a value would be at a gap. */
type Place = 'text' | 'attribute' | 'address' | 'whole address' | 'markup';

const longest = (markdown: string, run: RegExp): number =>
  (markdown.match(run) ?? []).reduce((most, { length }) => Math.max(most, length), 0);

/**
 * What no mail has and what takes Markdown seconds: it goes back to the beginning of each of these again and again. Counted in runs, as
 * a pattern that repeats another would go back, too.
 */
function unreasonable(markdown: string): string | null {
  if ((markdown.match(/[*_~]+/g) ?? []).length > 1000) return 'has more than 1,000 of *, _ and ~';
  if (longest(markdown, /[\w.+-]+/g) > 2000) return 'has a word of more than 2,000 letters';
  if (longest(markdown, /[ \t]+/g) > 1000) return 'has more than 1,000 spaces in a row';
  const quotes = (markdown.match(/[> \t]+/g) ?? []).map((run) => run.replace(/[ \t]+/g, '').length);
  return quotes.some((depth) => depth > 100) ? 'is nested too deep' : null;
}

/** Markdown with marks in it to HTML. @throws CopyError */
export const markdownToHtml = remembered((markdown): Gapped => {
  const problem = unreasonable(markdown);
  if (problem !== null) throw new CopyError('template_failed', `the Markdown ${problem}`);
  let html: string;
  try {
    html = marked.parse(markdown, { async: false });
  } catch {
    // Thousands of lists within each other.
    throw new CopyError('template_failed', 'the Markdown is nested too deep');
  }
  // Addresses come out percent-encoded, their marks too.
  return gapped(html.trim().replace(/%EE%80%80(\d+)%EE%80%81/g, '\uE000$1\uE001'));
});

/** HTML with marks in it, taken apart at the marks. */
export const gapped = remembered((html): Gapped => {
  const scanner = new HtmlScanner();
  const texts: string[] = [];
  const gaps: { value: string; place: Place }[] = [];
  let last = 0;
  for (const match of html.matchAll(MARK)) {
    const before = html.slice(last, match.index);
    scanner.read(before);
    texts.push(before);
    gaps.push({ value: match[1] ?? '', place: placeOf(scanner) });
    last = match.index + match[0].length;
    scanner.read('x');
  }
  return { texts: [...texts, html.slice(last)], gaps };
});

function placeOf({ place, rest, address, written }: HtmlScanner): Place {
  if (place === 'text') return rest === '<' ? 'markup' : 'text';
  if (place !== 'attribute') return 'markup';
  if (!address) return 'attribute';
  return written === '' ? 'whole address' : 'address';
}

/**
 * Puts the values in: as escaped text, as quoted attribute values, or as addresses of links.
 * @throws CopyError `unsafe_value` where a value would become markup or a link of another kind
 */
export function fillIn({ texts, gaps }: Gapped, aside: SetAside): string {
  const filled = gaps.map(({ value, place }, index) => texts[index]! + escapeFor(place, aside.value(value)));
  return filled.join('') + texts.at(-1)!;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for HTML content and quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

function escapeFor(place: Place, value: string): string {
  switch (place) {
    case 'text':
      return escapeHtml(value).replaceAll('\n', '<br>');
    case 'attribute':
      return escapeHtml(value);
    case 'markup':
      throw new CopyError(
        'unsafe_value',
        'a value stands inside a tag, a comment or a script; put it into the text or a quoted attribute',
      );
    case 'whole address':
      if (!/^(https?:\/\/|mailto:|tel:)/i.test(value))
        throw new CopyError(
          'unsafe_value',
          'a link is made of a value that is no address (https://, mailto: or tel:)',
        );
      return escapeAddress(value);
    case 'address':
      return escapeAddress(value);
  }
}

function escapeAddress(value: string): string {
  return escapeHtml(value.replace(/[\s\\`]/g, (char) => encodeURIComponent(char)));
}

/** Follows where in an HTML text a place is: enough of the tokenizer to tell text from tags and quoted attributes. */
class HtmlScanner {
  place: 'text' | 'tag' | 'attribute' | 'hidden' = 'text';
  /** Whether the present attribute holds an address. */
  address = false;
  /** The present attribute's value so far. */
  written = '';
  /** What was read of the present tag; in text a `<` that the next character may make one. */
  rest = '';
  private quote = '';
  private closing = '';

  read(text: string): void {
    for (const char of text) this.step(char);
  }

  private step(char: string): void {
    switch (this.place) {
      case 'text':
        if (this.rest === '<' && /[a-z/!?]/i.test(char)) {
          this.place = 'tag';
          this.rest += char;
        } else this.rest = char === '<' ? '<' : '';
        return;
      case 'tag':
        return this.inTag(char);
      case 'attribute':
        if (char === this.quote) {
          this.place = 'tag';
          this.rest = `${this.rest.split(/\s/, 1)[0]} `;
        } else this.written += char;
        return;
      case 'hidden':
        this.rest = (this.rest + char.toLowerCase()).slice(-this.closing.length);
        if (this.rest === this.closing) [this.place, this.rest] = ['text', ''];
    }
  }

  private inTag(char: string): void {
    this.rest += char;
    if (this.rest === '<!--') this.hide('-->');
    else if (char === '>') {
      const name = /^<([a-z]+)/i.exec(this.rest)?.[1]?.toLowerCase();
      if (name === 'script' || name === 'style' || name === 'title' || name === 'textarea')
        this.hide(`</${name}>`);
      else [this.place, this.rest] = ['text', ''];
    } else if ((char === '"' || char === "'") && /=\s*["']$/.test(this.rest)) {
      const name = /([^\s"'<>/=]+)\s*=\s*["']$/.exec(this.rest)?.[1]?.toLowerCase() ?? '';
      // An event handler or a style runs what is in it.
      if (name.startsWith('on') || name === 'style' || name === 'srcdoc') return;
      this.place = 'attribute';
      this.quote = char;
      this.written = '';
      this.address = ['href', 'src', 'action', 'background', 'cite', 'poster', 'formaction'].includes(name);
    }
  }

  private hide(closing: string): void {
    this.place = 'hidden';
    this.closing = closing;
    this.rest = '';
  }
}

const convert = compile({
  wordwrap: false,
  limits: { maxInputLength: 2_000_000, maxDepth: 200 },
  selectors: [
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, linkBrackets: ['(', ')'] } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
});

/** The plain-text alternative of an HTML body. */
export function htmlToText(html: string): string {
  return convert(html).trim();
}

/** Whether an HTML body shows nothing: no text and no image. */
export function isEmptyHtml(html: string): boolean {
  return !/<img\b/i.test(html) && html.replace(/<[^>]*>|&nbsp;/g, '').trim() === '';
}
