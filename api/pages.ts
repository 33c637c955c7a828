/** The few pages that a lead may see: plain, readable without styles or scripts, in the reader's language where we speak it. */
import { createHash } from 'node:crypto';

const LANGUAGES = ['en', 'de', 'tr'] as const;
type Language = (typeof LANGUAGES)[number];

interface Page {
  readonly title: string;
  readonly text: string;
  /** The label of a button that posts back to the same address. */
  readonly button?: string;
}

/** `ask`: shall it be done? `done`: it is. `unknown`: no such page. `sorry`: it could not be done now. */
export type PageName = 'ask' | 'done' | 'unknown' | 'sorry';

const PAGES: Readonly<Record<Language, Readonly<Record<PageName, Page>>>> = {
  en: {
    ask: {
      title: 'Unsubscribe',
      text: 'Would you like to receive no more messages from us?',
      button: 'Yes, unsubscribe me',
    },
    done: { title: 'You are unsubscribed', text: 'We will not write to you again. You may close this page.' },
    unknown: {
      title: 'Page not found',
      text: 'This address leads nowhere. If you came here from a mail, copy the whole link, or simply answer that mail.',
    },
    sorry: {
      title: 'Please try again',
      text: 'This could not be done just now. Please try again in a few minutes, or simply answer the mail.',
    },
  },
  de: {
    ask: {
      title: 'Abmelden',
      text: 'Möchten Sie keine Nachrichten mehr von uns erhalten?',
      button: 'Ja, bitte abmelden',
    },
    done: {
      title: 'Sie sind abgemeldet',
      text: 'Wir schreiben Ihnen nicht mehr. Sie können diese Seite schließen.',
    },
    unknown: {
      title: 'Seite nicht gefunden',
      text: 'Diese Adresse führt nirgendwohin. Wenn Sie aus einer Mail kommen, kopieren Sie bitte den ganzen Link, oder antworten Sie einfach auf die Mail.',
    },
    sorry: {
      title: 'Bitte noch einmal versuchen',
      text: 'Das ging gerade nicht. Bitte versuchen Sie es in ein paar Minuten noch einmal, oder antworten Sie einfach auf die Mail.',
    },
  },
  tr: {
    ask: {
      title: 'Abonelikten çık',
      text: 'Bizden artık ileti almak istemiyor musunuz?',
      button: 'Evet, beni listeden çıkarın',
    },
    done: {
      title: 'Listeden çıkarıldınız',
      text: 'Size bir daha yazmayacağız. Bu sayfayı kapatabilirsiniz.',
    },
    unknown: {
      title: 'Sayfa bulunamadı',
      text: 'Bu adres bir yere çıkmıyor. Bir e-postadan geldiyseniz bağlantının tamamını kopyalayın ya da o e-postayı yanıtlayın.',
    },
    sorry: {
      title: 'Lütfen yeniden deneyin',
      text: 'Bu işlem şu anda yapılamadı. Birkaç dakika sonra yeniden deneyin ya da e-postayı yanıtlayın.',
    },
  },
};

const STYLE =
  'body{font:1.125rem/1.6 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#1a1a1a;background:#fff}' +
  'button{font:inherit;padding:.6em 1.2em;border:2px solid #1a1a1a;border-radius:.4em;background:#1a1a1a;color:#fff;cursor:pointer}' +
  'button:focus-visible{outline:3px solid #06c;outline-offset:3px}' +
  '@media(prefers-color-scheme:dark){body{color:#eee;background:#111}button{border-color:#eee;background:#eee;color:#111}}';

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

/** The page as HTML. Its form posts what a mail client's one-click request does (RFC 8058). */
export function renderPage(name: PageName, acceptLanguage: string | undefined): string {
  const language = choose(acceptLanguage);
  const { title, text, button } = PAGES[language][name];
  const form = button
    ? `<form method="post"><button name="List-Unsubscribe" value="One-Click">${button}</button></form>`
    : '';
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1><p>${text}</p>${form}</main></body></html>`;
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
