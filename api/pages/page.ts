/** The few pages that a lead may see: plain, readable without styles or scripts, in the reader's language where we speak it. */
import { createHash } from 'node:crypto';
import type { Preferences } from '../../db/preferences.ts';
import { CONTACT_CHANNELS } from '../../sequences/lead.ts';
import { LANGUAGES, TEXTS, type Language, type PageName, type Texts } from './texts.ts';

const STYLE =
  'body{font:1.125rem/1.6 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#1a1a1a;background:#fff}' +
  'button{font:inherit;padding:.6em 1.2em;border:2px solid #1a1a1a;border-radius:.4em;background:#1a1a1a;color:#fff;cursor:pointer}' +
  'form+form{margin-top:3rem}fieldset{border:0;margin:0 0 1.2rem;padding:0}label{display:block;padding:.4em 0}' +
  'input{width:1.1em;height:1.1em;margin:0 .7em 0 0;vertical-align:-.15em}' +
  '.second{background:transparent;color:inherit}' +
  'button:focus-visible,input:focus-visible{outline:3px solid #06c;outline-offset:3px}' +
  '@media(prefers-color-scheme:dark){body{color:#eee;background:#111}button{border-color:#eee;background:#eee;color:#111}.second{background:transparent;color:inherit}}';

/** The headers of every page: nothing is loaded, nothing runs, nothing is kept, nothing is told to others. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex, nofollow',
  vary: 'accept-language',
};

/** The field by which a choice of channels is told from a mail client's one-click request (RFC 8058). */
export const CHOICE = 'choice';

/** The page as HTML. `preferences`: of `ask` and `chosen`. */
export function renderPage(
  name: PageName,
  acceptLanguage: string | undefined,
  preferences: Preferences = { open: [], stoppedByText: false },
): string {
  const language = choose(acceptLanguage);
  const texts = TEXTS[language];
  const { title, text } = texts[name];
  const rest =
    name === 'ask' ? forms(texts, preferences) : name === 'chosen' ? whatIsLeft(texts, preferences) : '';
  return plainPage(language, title, text, rest);
}

/** A page with a heading, a sentence and `rest`, which are HTML. */
export function plainPage(language: Language, title: string, text: string, rest = ''): string {
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1><p>${text}</p>${rest}</main></body></html>`;
}

/** Every channel is there for everybody: the page tells whoever was forwarded the mail nothing about the person. */
function forms({ everything, choose: legend, save, channels }: Texts, { open }: Preferences): string {
  const boxes = CONTACT_CHANNELS.map(
    (channel) =>
      `<label><input type="checkbox" name="channel" value="${channel}"${open.includes(channel) ? ' checked' : ''}>${channels[channel]}</label>`,
  );
  return (
    `<form method="post"><button name="List-Unsubscribe" value="One-Click">${everything}</button></form>` +
    `<form method="post"><fieldset><legend>${legend}</legend>${boxes.join('')}</fieldset><button class="second" name="${CHOICE}" value="save">${save}</button></form>`
  );
}

function whatIsLeft({ channels, start }: Texts, { open, stoppedByText }: Preferences): string {
  const items = open.map((channel) => `<li>${channels[channel]}</li>`);
  return `<ul>${items.join('')}</ul>${stoppedByText ? `<p>${start}</p>` : ''}`;
}

function choose(acceptLanguage = ''): Language {
  const wanted = acceptLanguage
    .slice(0, 200)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = Number(parameters.map((one) => /^\s*q=([\d.]+)$/.exec(one)?.[1]).find(Boolean) ?? 1);
      return { language: LANGUAGES.find((one) => tag === one || tag.startsWith(`${one}-`)), quality };
    })
    .filter((one) => one.quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return wanted.find((one) => one.language)?.language ?? 'en';
}
