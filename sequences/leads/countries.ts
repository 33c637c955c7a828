import { getCountries } from 'libphonenumber-js';

/** Names that no locale data has, as they are found in lists. */
const ALIASES: Readonly<Record<string, string>> = {
  america: 'US',
  usa: 'US',
  'u s a': 'US',
  'u s': 'US',
  'the united states': 'US',
  'united states of america': 'US',
  uk: 'GB',
  'u k': 'GB',
  gbr: 'GB',
  britain: 'GB',
  'great britain': 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  'northern ireland': 'GB',
  'united kingdom of great britain and northern ireland': 'GB',
  holland: 'NL',
  'the netherlands': 'NL',
  nld: 'NL',
  deu: 'DE',
  ger: 'DE',
  aut: 'AT',
  che: 'CH',
  fra: 'FR',
  esp: 'ES',
  ita: 'IT',
  bel: 'BE',
  prt: 'PT',
  pol: 'PL',
  dnk: 'DK',
  swe: 'SE',
  nor: 'NO',
  fin: 'FI',
  irl: 'IE',
  can: 'CA',
  aus: 'AU',
  nzl: 'NZ',
  ind: 'IN',
  jpn: 'JP',
  chn: 'CN',
  bra: 'BR',
  mex: 'MX',
  sgp: 'SG',
  are: 'AE',
  uae: 'AE',
  isr: 'IL',
  zaf: 'ZA',
  'czech republic': 'CZ',
  'south korea': 'KR',
  korea: 'KR',
  'republic of korea': 'KR',
  'republic of ireland': 'IE',
  'russian federation': 'RU',
  'viet nam': 'VN',
  turkey: 'TR',
  macedonia: 'MK',
  'ivory coast': 'CI',
  'hong kong': 'HK',
  'republic of china': 'TW',
  'peoples republic of china': 'CN',
  schweiz: 'CH',
  suisse: 'CH',
  svizzera: 'CH',
};

const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl', 'sv', 'da', 'nb', 'fi', 'cs'];

let names: Map<string, string> | undefined;

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/&/g, ' and ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

function table(): Map<string, string> {
  if (names) return names;
  names = new Map();
  for (const language of LANGUAGES) {
    const display = new Intl.DisplayNames(language, { type: 'region' });
    for (const code of getCountries()) {
      const name = fold(display.of(code) ?? code);
      if (!names.has(name)) names.set(name, code);
    }
  }
  for (const code of getCountries()) names.set(code.toLowerCase(), code);
  for (const [name, code] of Object.entries(ALIASES)) names.set(name, code);
  return names;
}

/** ISO 3166-1 alpha-2 of a country's code or name (in thirteen languages); null when it is neither. */
export function countryCode(text: string): string | null {
  return table().get(fold(text)) ?? null;
}
