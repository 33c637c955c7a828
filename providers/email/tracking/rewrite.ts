/** Links and the image by which opens and clicks of an email are told: a pure function of the touch, whenever it is composed. */
import { Tokenizer } from 'htmlparser2';
import type { MessageTracking } from '../../../sequences/tracking.ts';

/** The addresses that a touch's links and image are replaced by. */
export interface TrackingUrls {
  readonly open: (touchId: string) => string;
  readonly click: (touchId: string, link: number) => string;
}

/** More different links than this are left as they are. */
const MAX_LINKS = 1000;

/** The links of an HTML body that can be followed through us: http and https, each once, in their order. `spared`: prefixes of ours that stay. */
export function linksOf(html: string, spared: readonly string[]): readonly string[] {
  const links = new Set<string>();
  for (const { value } of hrefsOf(html).hrefs) {
    if (isFollowable(value) && !spared.some((prefix) => value.startsWith(prefix))) links.add(value);
    if (links.size === MAX_LINKS) break;
  }
  return [...links];
}

/** The body with its links replaced and the image at its end; every other byte stays. */
export function trackedHtml(
  html: string,
  { opens, links }: MessageTracking,
  touchId: string,
  urls: TrackingUrls,
): string {
  const { hrefs, bodyEnd } = hrefsOf(html);
  const numbers = new Map(links.map((link, index) => [link, index]));
  const changes = hrefs.flatMap(({ start, end, value }) => {
    const number = numbers.get(value);
    return number === undefined ? [] : [{ start, end, text: escapeHtml(urls.click(touchId, number)) }];
  });
  if (opens) {
    const at = bodyEnd ?? html.length;
    changes.push({ start: at, end: at, text: image(urls.open(touchId)) });
  }
  let out = '';
  let last = 0;
  for (const { start, end, text } of changes.sort((a, b) => a.start - b.start)) {
    out += html.slice(last, start) + text;
    last = end;
  }
  return out + html.slice(last);
}

function image(url: string): string {
  return `<img src="${escapeHtml(url)}" width="1" height="1" alt="" style="border:0">`;
}

/** The HTML alternative of a message that has only text: the same text, its links clickable. */
export function htmlOfText(text: string): string {
  const parts = text.split(/(\bhttps?:\/\/[^\s<>"]+)/i).map((part, index) => {
    if (index % 2 === 0) return escapeHtml(part);
    const url = withoutPunctuation(part);
    if (!isFollowable(url)) return escapeHtml(part);
    return `<a href="${escapeHtml(url)}">${escapeHtml(url)}</a>${escapeHtml(part.slice(url.length))}`;
  });
  return `<p>${parts.join('').replace(/\r?\n/g, '<br>\n')}</p>`;
}

/** What ends a sentence or closes a bracket that was opened before the address is no part of it. */
function withoutPunctuation(url: string): string {
  const rest = url.replace(/[.,;:!?'’”»]+$/, '');
  return rest.endsWith(')') && !rest.includes('(') ? withoutPunctuation(rest.slice(0, -1)) : rest;
}

function isFollowable(href: string): boolean {
  return /^https?:\/\//i.test(href) && URL.canParse(href);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

interface Href {
  /** Where the written value begins and ends. */
  readonly start: number;
  readonly end: number;
  /** What it means, entities read. */
  readonly value: string;
}

/** Every href of a link, where it stands, and where the body ends. Comments, scripts and styles are no links. */
function hrefsOf(html: string): { readonly hrefs: readonly Href[]; readonly bodyEnd: number | null } {
  const hrefs: Href[] = [];
  let bodyEnd: number | null = null;
  let isLink = false;
  let isHref = false;
  let start = -1;
  let end = -1;
  let value = '';
  const nothing = () => {};
  const tokenizer = new Tokenizer(
    { xmlMode: false, decodeEntities: true },
    {
      onopentagname(from, to) {
        isLink = ['a', 'area'].includes(html.slice(from, to).toLowerCase());
      },
      onclosetag(from, to) {
        if (html.slice(from, to).toLowerCase() === 'body') bodyEnd = html.lastIndexOf('<', from);
      },
      onattribname(from, to) {
        isHref = isLink && html.slice(from, to).toLowerCase() === 'href';
        start = -1;
        value = '';
      },
      onattribdata(from, to) {
        if (start < 0) start = from;
        end = to;
        value += html.slice(from, to);
      },
      onattribentity(code) {
        // Nobody writes the first letter of an address as an entity; where the value begins would not be known.
        if (start < 0) isHref = false;
        value += String.fromCodePoint(code);
      },
      onattribend() {
        if (isHref && start >= 0) hrefs.push({ start, end, value: value.trim() });
        isHref = false;
      },
      oncdata: nothing,
      oncomment: nothing,
      ondeclaration: nothing,
      onend: nothing,
      onopentagend: nothing,
      onprocessinginstruction: nothing,
      onselfclosingtag: nothing,
      ontext: nothing,
      ontextentity: nothing,
    },
  );
  tokenizer.write(html);
  tokenizer.end();
  return { hrefs, bodyEnd };
}
