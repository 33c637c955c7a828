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
/** Also words of English: "out 3 days" is no third of October. */
const NO_MONTH_IN_ENGLISH = new Set(['out', 'set', 'ago', 'mag', 'gen', 'mars', 'mart', 'ocak']);
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
  /(?:back|return\w*|retour\w*|available again|in the office again|resume|re-?open\w*|riapr\w*|rouvr\w*|reabr\w*|zur[üu]ck\w*|wieder (?:da|im|erreichbar|für|zu erreichen|anwesend|persönlich)?|erreichbar|de retour|reviens|serai de nouveau|joignable|regres\w*|vuelvo|vuelta|de volta|volto|voltarei|retorn\w*|rientr\w*|torner[òo]|torno|ritorn\w*|disponibile|reincorpor\w*|dönece\w*|döndü\w*|dönü[şs]\w*|ofiste ol\w*|i[şs]ba[şs]\w*|tekrar)\s*$/iu;
const BACK_NEAR = new RegExp(BACK.source.replace(/\\s\*\$$/, ''), 'iu');
/** Words before the last day away. */
const UNTIL =
  /(?:until|till|through|thru|to|up to|bis(?: einschlie[ßs]lich| inklusive| zum| inkl\.?)?|jusqu['’]?\s?(?:au|à|en)?|hasta(?: el)?|até(?: o| a)?|fino al?|al|au|bis zum|a|e|und|and|[-–—])\s*(?:dem |le |el |o |il |the )?(?:(?:[\p{L}-]+),?\s+)?(?:den |der )?$/iu;

/** "Not until the 9th", "no hasta el 9", "pas avant le 9", "until 9 am on the 9th": that day itself. */
const FROM_THEN =
  /\b(?:(?:not|n['’]t)\b.{0,40}\buntil|nicht\b.{0,30}\bvor|no\b.{0,30}\bhasta|(?:until|till)\s+\d{1,2}(?::\d\d)?\s*(?:[ap]\.?m\.?)?\s+on)\s*(?:\p{L}+,?\s+){0,3}$/iu;
const BEFORE =
  /(?:\bbefore|\bvor(?: dem)?|\bavant(?: le)?|\bantes d[eo](?:l| día| dia)?|\bprima del?)\s*(?:\p{L}+,?\s+)?$/iu;

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
      BEFORE.test(before) ||
      (BACK_NEAR.test(before) &&
        !/(?:until|till|bis zum|bis|jusqu|hasta|até|fino|through)[^.]{0,25}$/iu.test(before)) ||
      /^(?:\S+\s+){0,2}?(?:['’]?\s?(?:de|da|te|ta|den|dan)\s)?.{0,25}(?:itibar[ıi]yla|dönece|ofiste ol|i[şs] ?ba[şs]|tekrar)/iu.test(
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
    if (FROM_THEN.test(before)) return last.date.toISODate();
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
  const add = (
    match: { readonly 0: string; readonly index?: number },
    year: number | null,
    month: number,
    day: number,
  ) => {
    const start = match.index!;
    if (found.some((other) => start < other.end && start + match[0].length > other.start)) return;
    let date = DateTime.utc(year ?? today.year, month, day);
    if (!date.isValid) return;
    // A day that is long past without a year is next year's.
    if (year === null && date < today.minus({ days: 31 })) date = date.plus({ years: 1 });
    found.push({ date, start, end: start + match[0].length });
  };
  const isMonth = (name: string) => language !== 'en' || !NO_MONTH_IN_ENGLISH.has(name.toLowerCase());
  const yearOf = (text: string | undefined) =>
    text === undefined ? null : text.length === 2 ? 2000 + Number(text) : Number(text);
  const month = (name: string) => MONTH_OF.get(name.toLowerCase().replace(/\.$/, ''))!;
  for (const match of text.matchAll(/\b(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})\b/g))
    add(match, Number(match[1]), Number(match[2]), Number(match[3]));
  // The end of a month, or the month alone with its year: the last day of the one before it is meant by "until", its first by "back in".
  const endOf = new RegExp(
    `(?:end of|ende|la fin (?:du mois )?de|fin (?:de\\s+)?|finales de|final de|o fim de|fim de|fine (?:di\\s+)?)\\s*(${MONTH})(?!\\p{L})(?:\\s*(?:de\\s+)?(20\\d\\d))?|(${MONTH}) sonuna`,
    'giu',
  );
  for (const match of text.matchAll(endOf)) {
    const number = month((match[1] ?? match[3])!);
    const last = DateTime.utc(yearOf(match[2]) ?? today.year, number, 1).endOf('month');
    add(match, yearOf(match[2]), number, last.day);
  }
  const span = new RegExp(
    `(?<!\\p{L})(${MONTH})(?!\\p{L})\\.?\\s*(\\d{1,2})(?:st|nd|rd|th)?\\s*(?:-|–|—|to|through|thru|until|till)\\s*(\\d{1,2})(?:st|nd|rd|th)?(?![\\d:/]|\\.\\d)(?:,?\\s*(20\\d\\d))?`,
    'giu',
  );
  for (const match of text.matchAll(span)) {
    if (!isMonth(match[1]!)) continue;
    // Both ends, so that the second is the last day of a span.
    const cut = match[0].search(/[-–—]|to|thr|unt|till/i);
    const number = month(match[1]!);
    add({ 0: match[0].slice(0, cut), index: match.index }, yearOf(match[4]), number, Number(match[2]));
    const rest = match[0].slice(cut);
    const skipped = cut + rest.search(/\d/);
    add(
      { 0: match[0].slice(skipped), index: match.index + skipped },
      yearOf(match[4]),
      number,
      Number(match[3]),
    );
  }
  const dayFirst = new RegExp(
    `(?<![\\d.:/])(\\d{1,2})(?:\\.|-|st|nd|rd|th|er|º|°|ª)?\\s*(?:of\\s+|de\\s+|di\\s+)?(${MONTH})(?!\\p{L})\\.?(?:-|,?\\s*(?:de\\s+|del\\s+)?)?(20\\d\\d)?`,
    'giu',
  );
  for (const match of text.matchAll(dayFirst))
    if (isMonth(match[2]!)) add(match, yearOf(match[3]), month(match[2]!), Number(match[1]));
  const monthFirst = new RegExp(
    `(?<!\\p{L})(${MONTH})(?!\\p{L})\\.?\\s*(\\d{1,2})(?:st|nd|rd|th)?(?![\\d:])(?:,?\\s*(20\\d\\d))?`,
    'giu',
  );
  for (const match of text.matchAll(monthFirst))
    if (isMonth(match[1]!) && (language !== null || !NO_MONTH_IN_ENGLISH.has(match[1]!.toLowerCase())))
      add(match, yearOf(match[3]), month(match[1]!), Number(match[2]));
  const monthOnly = new RegExp(`(?<!\\p{L})(${MONTH})(?!\\p{L})\\s+(?:de\\s+)?(20\\d\\d)`, 'giu');
  for (const match of text.matchAll(monthOnly)) {
    const first = DateTime.utc(Number(match[2]), month(match[1]!), 1);
    const isUntil = UNTIL.test(text.slice(Math.max(0, match.index - 30), match.index));
    const day = isUntil ? first.endOf('month') : first;
    add(match, day.year, day.month, day.day);
  }
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
  // "The 16th": the next one.
  for (const match of text.matchAll(
    /(?<=\b(?:on|until|till|by|returning|back) )the (\d{1,2})(?:st|nd|rd|th)\b/gi,
  )) {
    const day = Number(match[1]);
    const date = day < today.day ? today.plus({ months: 1 }) : today;
    add(match, date.year, date.month, day);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** How many, in words. */
const NUMBERS: Readonly<Record<string, number>> = {
  a: 1, an: 1, one: 1, two: 2, three: 3, four: 4, einer: 1, einem: 1, zwei: 2, drei: 3, vier: 4, une: 1, un: 1, deux: 2, trois: 3,
  una: 1, dos: 2, tres: 3, uma: 1, duas: 2, três: 3, due: 2, tre: 3, bir: 1, iki: 2, üç: 3,
}; // prettier-ignore

/** A word by itself, also where it ends in a letter that \b does not know. */
const word = (words: string) => new RegExp(`(?<!\\p{L})(?:${words})(?!\\p{L})`, 'iu');
const TOMORROW = word('tomorrow|morgen (?:wieder|zurück|bin)|demain|mañana|amanhã|domani|yarın');
const TODAY = word("today|heute|aujourd['’]hui|hoy|hoje|oggi|bugün");
const NEXT_WEEK = word(
  'next week|nächste woche|nächster woche|kommende woche|kommender woche|la semaine prochaine|semaine prochaine|la próxima semana|próxima semana|semana que vem|la prossima settimana|prossima settimana|settimana prossima|gelecek hafta|haftaya|önümüzdeki hafta',
);
const END_OF_WEEK = word(
  'end of (?:the|this) week|rest of (?:the|this) week|this week|all week|ende der woche|diese woche|(?:la )?fin de (?:la )?semaine|cette semaine|fin de semana|esta semana|fim (?:da|de) semana|fine settimana|questa settimana|hafta sonuna|bu hafta',
);
const END_OF_MONTH = word(
  'end of (?:the|this) month|ende des monats|monatsende|(?:la )?fin du mois|fin de mes|fim do mês|fine mese|ay sonuna',
);
const ABSENT =
  /out of|away|absent|not (?:in|available)|nicht (?:im|in|erreichbar|da)|außer haus|abwesend|fuera|ausente|fora|assente|fuori|izin|ofis d/i;
const UNTIL_WORD = word(
  'until|till|through|thru|bis(?: zum| einschließlich)?|jusqu\\S*|hasta|até|fino|kadar',
);
const ANY_WEEKDAY = word(`(?<day>${WEEKDAY})`);
const WEEKDAYS_SPAN = new RegExp(
  `(?:${WEEKDAY})s?\\s*(?:-|–|to|through|bis|à|au|al|a|ile)\\s*(?:${WEEKDAY})`,
  'giu',
);
const UNITS =
  'days?|weeks?|tage?n?|wochen?|jours?|semaines?|días?|semanas?|dias?|giorni|settiman[ae]|gün|hafta';
const SPAN = new RegExp(
  `(?<!\\p{L})(?:in|for|für|dans|pour|pendant|en|em|per|por|durante|tra|fra|next|nächsten|prochains|próximos|prossimi)\\s+(?:(?:the|die|les|los|os|i) )?(?:(?:next|nächsten|prochain\\w*|próxim\\w*|prossim\\w*) )?(\\d{1,2}|\\p{L}+)\\s+(${UNITS})(?!\\p{L})|(?<![\\p{L}\\d])(\\d{1,2}|\\p{L}+)\\s+(${UNITS})\\s+(?:im urlaub|abwesend|nicht|unterwegs|boyunca|izin|sonra)`,
  'iu',
);

function relativeIn(text: string, today: DateTime): DateTime | null {
  if (TOMORROW.test(text) && BACK_NEAR.test(text)) return today.plus({ days: 1 });
  // Opening hours are no return.
  const days = text.replace(WEEKDAYS_SPAN, ' ');
  const day = ANY_WEEKDAY.exec(days);
  const isUntil = UNTIL_WORD.test(text);
  if (day && (BACK_NEAR.test(text) || isUntil)) {
    const wanted = WEEKDAY_OF.get(day.groups!['day']!.toLowerCase())!;
    const date = today.plus({ days: ((wanted - today.weekday + 6) % 7) + 1 });
    // "Until Monday" is back on Monday; "until Friday" is away on Friday.
    const before = days.slice(Math.max(0, day.index - 30), day.index);
    const isLastDay =
      wanted >= 5 &&
      (UNTIL_WORD.test(before) ||
        /^['’]?\S{0,3}(?: gününe)? kadar/iu.test(days.slice(day.index + day[0].length)));
    return isLastDay ? date.plus({ days: 1 }) : date;
  }
  if (NEXT_WEEK.test(text)) {
    const monday = today.plus({ days: 8 - today.weekday });
    return isUntil && /end of next week|ende nächster woche/i.test(text) ? monday.plus({ days: 7 }) : monday;
  }
  const span = SPAN.exec(text);
  if (span) {
    const given = (span[1] ?? span[3])!;
    const amount = /^\d/.test(given) ? Number(given) : NUMBERS[given.toLowerCase()];
    const unit = (span[2] ?? span[4])!;
    if (amount !== undefined)
      return today.plus({ days: amount * (/^(?:w|woch|sem|sett|haf)/iu.test(unit) ? 7 : 1) });
  }
  if (END_OF_WEEK.test(text)) return today.plus({ days: 8 - today.weekday });
  if (END_OF_MONTH.test(text)) return today.endOf('month').plus({ days: 1 }).startOf('day');
  return text.split(/[.!\n]/).some((sentence) => TODAY.test(sentence) && ABSENT.test(sentence))
    ? today.plus({ days: 1 })
    : null;
}
