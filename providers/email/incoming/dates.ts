/** When somebody says that they are back. */
import { DateTime } from 'luxon';

const MONTHS: readonly (readonly string[])[] = [
  ['january', 'jan', 'januar', 'jänner', 'janvier', 'janv', 'enero', 'ene', 'janeiro', 'gennaio', 'gen', 'ocak'],
  ['february', 'feb', 'februar', 'février', 'fevrier', 'févr', 'fev', 'febrero', 'fevereiro', 'febbraio', 'şubat', 'subat'],
  ['march', 'mar', 'märz', 'maerz', 'mrz', 'mars', 'marzo', 'março', 'marco', 'mart'],
  ['april', 'apr', 'avril', 'avr', 'abril', 'abr', 'aprile', 'nisan'],
  ['may', 'mai', 'mayo', 'maio', 'maggio', 'mag', 'mayıs', 'mayis'],
  ['june', 'jun', 'juni', 'juin', 'junio', 'junho', 'giugno', 'giu', 'haziran'],
  ['july', 'jul', 'juli', 'juillet', 'juil', 'julio', 'julho', 'luglio', 'lug', 'temmuz'],
  ['august', 'aug', 'août', 'aout', 'agosto', 'ago', 'ağustos', 'agustos'],
  ['september', 'sep', 'sept', 'septembre', 'septiembre', 'setembro', 'set', 'settembre', 'eylül', 'eylul'],
  ['october', 'oct', 'oktober', 'okt', 'octobre', 'octubre', 'outubro', 'out', 'ottobre', 'ott', 'ekim'],
  ['november', 'nov', 'novembre', 'noviembre', 'novembro', 'kasım', 'kasim'],
  ['december', 'dec', 'dezember', 'dez', 'décembre', 'decembre', 'déc', 'diciembre', 'dic', 'dezembro', 'dicembre', 'aralık', 'aralik'],
]; // prettier-ignore
const MONTH_OF = new Map(MONTHS.flatMap((names, index) => names.map((name) => [name, index + 1] as const)));
const MONTH = [...MONTH_OF.keys()].sort((a, b) => b.length - a.length).join('|');

const WEEKDAYS: readonly (readonly string[])[] = [
  ['monday', 'montag', 'lundi', 'lunes', 'segunda', 'segunda-feira', 'lunedì', 'lunedi', 'pazartesi'],
  ['tuesday', 'dienstag', 'mardi', 'martes', 'terça', 'terça-feira', 'martedì', 'martedi', 'salı'],
  ['wednesday', 'mittwoch', 'mercredi', 'miércoles', 'quarta', 'quarta-feira', 'mercoledì', 'mercoledi', 'çarşamba'],
  ['thursday', 'donnerstag', 'jeudi', 'jueves', 'quinta', 'quinta-feira', 'giovedì', 'giovedi', 'perşembe'],
  ['friday', 'freitag', 'vendredi', 'viernes', 'sexta', 'sexta-feira', 'venerdì', 'venerdi', 'cuma'],
  ['saturday', 'samstag', 'sonnabend', 'samedi', 'sábado', 'sabato', 'cumartesi'],
  ['sunday', 'sonntag', 'dimanche', 'domingo', 'domenica', 'pazar'],
]; // prettier-ignore
const WEEKDAY_OF = new Map(
  WEEKDAYS.flatMap((names, index) => names.map((name) => [name, index + 1] as const)),
);
const WEEKDAY = [...WEEKDAY_OF.keys()].sort((a, b) => b.length - a.length).join('|');

/** Words before a date that is the first day back. */
const BACK =
  /(?:back|return\w*|retour\w*|available again|in the office again|resume|zur[üu]ck\w*|wieder (?:da|im|erreichbar|für|zu erreichen|anwesend|persönlich)?|erreichbar|de retour|reviens|serai de nouveau|joignable|regres\w*|vuelvo|vuelta|de volta|volto|voltarei|retorn\w*|rientr\w*|torner[òo]|torno|ritorn\w*|disponibile|reincorpor\w*|dönece\w*|döndü\w*|dönü[şs]\w*|ofiste ol\w*|i[şs]ba[şs]\w*|tekrar)\s*$/iu;
const BACK_NEAR = new RegExp(BACK.source.replace(/\\s\*\$$/, ''), 'iu');
/** Words before the last day away. */
const UNTIL =
  /(?:until|till|through|thru|to|up to|bis(?: einschlie[ßs]lich| inklusive| zum| inkl\.?)?|jusqu['’]?\s?(?:au|à|en)?|hasta(?: el)?|até(?: o| a)?|fino al?|al|au|bis zum|a|e|und|and|[-–—])\s*(?:dem |le |el |o |il |the )?(?:(?:[\p{L}-]+),?\s+)?(?:den |der )?$/iu;

interface Found {
  readonly date: DateTime;
  readonly start: number;
  readonly end: number;
}

/**
 * The first day back (YYYY-MM-DD) that an absence notice names, seen from the day it was written. "back on the 9th" and "return the
 * 9th" are that day; "until the 9th" and "from the 5th to the 9th" are the day after. Without a year it is the next such date.
 * @param language decides what 5/6 means: the sixth of May in American English only
 */
export function returnDateOf(text: string, written: Date, language: string | null): string | null {
  const today = DateTime.fromJSDate(written, { zone: 'utc' }).startOf('day');
  const plain = text.slice(0, 6000).replace(/\s+/g, ' ');
  const found = datesIn(plain, today, language).filter(
    ({ date }) => date >= today && date <= today.plus({ months: 18 }),
  );
  const back = found.find(({ start, end }) => {
    const before = plain.slice(Math.max(0, start - 60), start);
    return (
      (BACK_NEAR.test(before) &&
        !/(?:until|till|bis zum|bis|jusqu|hasta|até|fino|through)[^.]{0,25}$/iu.test(before)) ||
      /^(?:\S+\s+){0,2}?(?:['’]?\s?(?:de|da|te|ta|den|dan)\s)?.{0,25}(?:dönece|ofiste ol|i[şs] ?ba[şs]|tekrar)/iu.test(
        plain.slice(end, end + 50),
      ) ||
      /^[^,.\d]{0,30}(?:wieder (?:da|erreichbar|im|zurück|für sie|persönlich|zu)|zurück|de retour|de nouveau|di ritorno|de volta|estaré de vuelta)/iu.test(
        plain.slice(end, end + 60),
      )
    );
  });
  if (back) return back.date.toISODate();
  const untils = found.filter(
    ({ start, end }) =>
      UNTIL.test(plain.slice(Math.max(0, start - 30), start)) ||
      /^['’]?\s?(?:e|a|ye|ya|ne|na|ine|ına)?\s?kadar|^.{0,12}\s(?:tarihine|gününe) kadar|^\s?(?:tarihleri|tarihler) aras/iu.test(
        plain.slice(end, end + 40),
      ),
  );
  const last = untils.at(-1) ?? (found.length === 2 ? found[1] : undefined);
  if (last) {
    // "not in the office until Monday": people mean that they are in on Monday, but a date that ends a span is away.
    const before = plain.slice(Math.max(0, last.start - 40), last.start);
    if (/\b(?:not|nicht)\b.{0,40}(?:until|vor)\s*(?:\S+\s+)?$/i.test(before)) return last.date.toISODate();
    return last.date.plus({ days: 1 }).toISODate();
  }
  const relative = relativeIn(plain, today);
  if (relative) return relative.toISODate();
  return found.length === 1 &&
    /(?:out of (?:the )?office|away|abwesend|absen|ausente|fuori|izin|ofis d)/iu.test(plain)
    ? found[0]!.date.plus({ days: 1 }).toISODate()
    : null;
}

/** Every date in the text, in its order; a span's first half gets the month of its second. */
function datesIn(text: string, today: DateTime, language: string | null): Found[] {
  const found: Found[] = [];
  const add = (match: RegExpMatchArray, year: number | null, month: number, day: number) => {
    const start = match.index!;
    if (found.some((other) => start < other.end && start + match[0].length > other.start)) return;
    let date = DateTime.utc(year ?? today.year, month, day);
    if (!date.isValid) return;
    // A day that is long past without a year is next year's.
    if (year === null && date < today.minus({ days: 31 })) date = date.plus({ years: 1 });
    found.push({ date, start, end: start + match[0].length });
  };
  const yearOf = (text: string | undefined) =>
    text === undefined ? null : text.length === 2 ? 2000 + Number(text) : Number(text);
  const month = (name: string) => MONTH_OF.get(name.toLowerCase().replace(/\.$/, ''))!;
  for (const match of text.matchAll(/\b(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})\b/g))
    add(match, Number(match[1]), Number(match[2]), Number(match[3]));
  const dayFirst = new RegExp(
    `(?<![\\d.:/])(\\d{1,2})(?:\\.|st|nd|rd|th|er|º|°|ª)?\\s*(?:of\\s+|de\\s+|di\\s+)?(${MONTH})\\b\\.?(?:,?\\s*(?:de\\s+|del\\s+)?(20\\d\\d))?`,
    'giu',
  );
  for (const match of text.matchAll(dayFirst))
    add(match, yearOf(match[3]), month(match[2]!), Number(match[1]));
  const monthFirst = new RegExp(
    `\\b(${MONTH})\\b\\.?\\s*(\\d{1,2})(?:st|nd|rd|th)?(?![\\d:])(?:,?\\s*(20\\d\\d))?`,
    'giu',
  );
  for (const match of text.matchAll(monthFirst))
    add(match, yearOf(match[3]), month(match[1]!), Number(match[2]));
  for (const match of text.matchAll(
    /(?<![\d.:/-])(\d{1,2})([./-])(\d{1,2})(?:\2(20\d\d|\d\d)|\.)?(?![\d:]|\.\d|-\d|\s*(?:uhr|am|pm|h)\b)/gi,
  )) {
    const [one, two] = [Number(match[1]), Number(match[3])];
    // Phone numbers and versions have no such shape often; a dash without a year is a span.
    if (match[2] === '-' && match[4] === undefined) continue;
    const american = match[2] === '/' && (language === 'en' || language === null) && one <= 12;
    const [day, monthNumber] =
      two > 12 ? [two, one] : one > 12 ? [one, two] : american ? [two, one] : [one, two];
    add(match, yearOf(match[4]), monthNumber, day);
  }
  return found.sort((a, b) => a.start - b.start);
}

const NUMBERS: Readonly<Record<string, number>> = {
  a: 1, an: 1, one: 1, two: 2, three: 3, four: 4, einer: 1, einem: 1, zwei: 2, drei: 3, vier: 4, une: 1, un: 1, deux: 2, trois: 3,
  una: 1, dos: 2, tres: 3, uma: 1, duas: 2, três: 3, due: 2, tre: 3, bir: 1, iki: 2, üç: 3,
}; // prettier-ignore

function relativeIn(text: string, today: DateTime): DateTime | null {
  if (
    /\b(?:tomorrow|morgen (?:wieder|zurück)|demain|mañana|amanhã|domani|yarın)\b/iu.test(text) &&
    BACK_NEAR.test(text)
  )
    return today.plus({ days: 1 });
  const weekday = new RegExp(
    `(?:next|on|until|nächsten|kommenden|am|prochain|próximo|proxima|próxima|prossimo|gelecek|önümüzdeki|lundi)?\\s*\\b(${WEEKDAY})\\b`,
    'iu',
  ).exec(text);
  if (weekday && (BACK_NEAR.test(text) || /\b(?:until|bis|jusqu|hasta|até|fino|kadar)\b/iu.test(text))) {
    const wanted = WEEKDAY_OF.get(weekday[1]!.toLowerCase())!;
    return today.plus({ days: ((wanted - today.weekday + 6) % 7) + 1 });
  }
  if (
    /\b(?:next week|nächste woche|kommende woche|la semaine prochaine|la próxima semana|a próxima semana|na próxima semana|la prossima settimana|settimana prossima|gelecek hafta|haftaya|önümüzdeki hafta)\b/iu.test(
      text,
    )
  )
    return today.plus({ days: 8 - today.weekday });
  const span =
    /\b(?:in|for|für|dans|pour|en|em|per|tra|fra)\s+(\d{1,2}|\p{L}+)\s+(days?|weeks?|tage?n?|wochen?|jours?|semaines?|días?|semanas?|dias?|giorni|settiman[ae]|gün|hafta)\b/iu.exec(
      text,
    );
  if (span) {
    const amount = /^\d/.test(span[1]!) ? Number(span[1]) : NUMBERS[span[1]!.toLowerCase()];
    if (amount !== undefined)
      return today.plus({ days: amount * (/^(?:w|woch|sem|sett|haf)/iu.test(span[2]!) ? 7 : 1) });
  }
  return null;
}
