/** English and Turkish, each written by itself. A namespace is a page's own; a language is loaded when it is spoken. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { en } from './en/index.ts';

export const LANGUAGES = ['en', 'tr'] as const;
export type Language = (typeof LANGUAGES)[number];

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: typeof en;
  }
}

const KEY = 'cadenza.language';
const LOADERS = {
  en: () => import('./en/index.ts').then((module) => module.en),
  tr: () => import('./tr/index.ts').then((module) => module.tr),
} as const satisfies Readonly<Record<Language, () => Promise<typeof en>>>;

export const i18n = i18next;

/** Whether the app speaks it. */
export const isLanguageName = (name: string | null | undefined): name is Language =>
  LANGUAGES.some((language) => language === name);

/** The one chosen on this machine, else the browser's, else English. */
function firstLanguage(): Language {
  const chosen = localStorage.getItem(KEY);
  if (isLanguageName(chosen)) return chosen;
  return navigator.languages.map((name) => name.slice(0, 2)).find(isLanguageName) ?? 'en';
}

/** To be awaited before anything is shown. */
export async function startLanguage(): Promise<void> {
  await i18n.use(initReactI18next).init({
    lng: 'none',
    resources: {},
    defaultNS: 'common',
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  await speak(firstLanguage());
}

/** From here on the app speaks it, on this machine. */
export async function speak(language: Language): Promise<void> {
  for (const [namespace, texts] of Object.entries(await LOADERS[language]()))
    i18n.addResourceBundle(language, namespace, texts, true, true);
  await i18n.changeLanguage(language);
  document.documentElement.lang = language;
  localStorage.setItem(KEY, language);
}

/** How the viewer's region writes dates and numbers in the app's language; `en` alone would be American. */
export const regional = (): string =>
  navigator.languages.find((name) => name.startsWith(`${i18n.language}-`)) ??
  { en: 'en-GB', tr: 'tr-TR' }[i18n.language as Language];
