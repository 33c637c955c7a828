/** What somebody wrote, without what they quote and how they sign. */

/** "Wrote", as mail clients say it above what they quote. */
const WROTE =
  '(?:wrote|writes|schrieb|schreef|geschreven|skrev|kirjoitti|a [ée]crit|escribi[óo]|escreveu|ha scritto|scrisse|yazdı|şunu yazdı|şöyle yazdı|napisał(?:\\(a\\)|a)?|napsal(?:\\(a\\)|a)?|a scris|írta|написала?|писала?|пишет|пише|έγραψε|写道|寫道|のメール)';
const ADDRESS = '[<(\\[]\\s*(?:mailto:)?[^\\s<>]{1,100}@[^\\s<>]{1,100}[>)\\]]';

/** Lines after which everything is quoted: "On … wrote:" and its like, Outlook's separators and header blocks. */
const QUOTE_LINES: readonly RegExp[] = [
  /^[\s*]*-{2,}\s*(?:original message|original appointment|ursprüngliche nachricht|originalnachricht|message d'origine|message original|mensaje original|mensagem original|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|oprindelig meddelelse|ursprungligt meddelande|wiadomość oryginalna|orijinal mesaj|özgün ileti|forwarded message|weitergeleitete nachricht|i̇letilen ileti|message transféré|mensaje reenviado|mensagem encaminhada)\s*-{2,}/i,
  /^\s*begin forwarded message:/i,
  /^\s*_{10,}\s*$/,
  new RegExp(`^\\s*(?:on|at|am|le|el|em|il|op|den|dnia|w dniu|dne|pe)\\s.{3,200}${WROTE}.{0,80}:\\s*$`, 'iu'),
  /^\s*.{3,160}(?:tarihinde|zamanında|günü).{0,160}(?:yazdı|şunu yazdı|şöyle yazdı)\s*:\s*$/i,
  new RegExp(`^\\s*.{1,160}${ADDRESS}\\s*${WROTE}.{0,80}:?\\s*$`, 'iu'),
  // A date and a time, whoever is named behind them, and the verb or an address.
  new RegExp(`^\\s*(?=.{0,60}\\d)(?=.{0,80}\\d{1,2}[:.]\\d{2}).{3,200}${WROTE}.{0,40}:\\s*$`, 'iu'),
  new RegExp(
    `^\\s*\\d{4}-\\d{2}-\\d{2} \\d{1,2}:\\d{2}(?: GMT[+-]\\d{1,2}:\\d{2})?.{1,120}${ADDRESS}\\s*:?\\s*$`,
    'iu',
  ),
  /^\s*am\s.{3,120}\sschrieb\s.{1,160}:\s*$/i,
];
const ENDS_IN_WROTE = new RegExp(`${WROTE}\\s*:?$`, 'iu');
/** How a line begins that may be the first of such two or three. */
const QUOTE_START =
  /^\s*(?:on|at|am|le|el|em|il|op|den|dnia|w dniu|dne|pe)\s|^\s*\d{1,4}[-/. ]|@|^\s*\p{L}+, \d/iu;
/** The first field of a header block that a client puts above what it quotes. */
const HEADER_START = /^\s*\*?(?:from|von|de|da|gönderen|kimden|expéditeur|remitente|mittente)\s*:\*?\s*\S/i;
const HEADER_NEXT =
  /^\s*\*?(?:sent|date|to|subject|cc|gesendet|datum|an|betreff|envoyé|à|objet|enviado|enviada|el|fecha|para|asunto|assunto|data|inviato|a|oggetto|gönderildi|gönderme tarihi|tarih|kime|konu|bilgi)\s*:\*?\s*/i;
const SIGNATURES: readonly RegExp[] = [
  /^-- ?$/,
  /^\s*(?:sent|get outlook|gesendet|von meinem|envoyé|enviado|inviato|sendt|skickat|verzonden|wysłan[eo]|lähetetty|odesláno|отправлено)\s.{0,60}\b(?:iphone|ipad|android|outlook|samsung|mobile|mobil\w*|galaxy|mail for windows|huawei|blackberry|gmx|yahoo mail|mon \w+|meinem \w+|mio \w+|mi \w+|meu \w+)\b.{0,60}$/i,
  /^\s*(?:iphone|ipad|android)['’]?\w*\s.{0,20}gönderildi\.?\s*$/i,
];

/** A quoted line; some programs put initials before the mark. */
const QUOTED = /^\s{0,20}\p{Lu}{0,4}>/u;

const isQuote = (text: string): boolean => {
  const start = text.trimStart().slice(0, 600);
  return QUOTE_LINES.some((pattern) => pattern.test(start));
};

/** How many of these lines are an attribution: the fewest that end in a colon, else the fewest. */
function quoteLinesIn(lines: readonly string[]): number | undefined {
  const first = lines[0]!.trim();
  if (first === '') return undefined;
  const counts = QUOTE_START.test(first.slice(0, 300)) ? [1, 2, 3] : [1];
  const fitting = counts.filter(
    (count) => (count === 1 || lines[count - 1]!.trim() !== '') && isQuote(lines.slice(0, count).join(' ')),
  );
  return fitting.find((count) => /:\s*$/.test(lines[count - 1]!)) ?? fitting[0];
}

/** The writer's own words; empty when there are none. Answers between quoted lines are kept. */
export function replyTextOf(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const kept: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    // Attributions are broken over two or three lines by some clients.
    const joined = [line, lines[index + 1] ?? '', lines[index + 2] ?? ''];
    const quoteLines = quoteLinesIn(joined);
    const isHeaderBlock =
      HEADER_START.test(line) &&
      lines.slice(index + 1, index + 5).filter((next) => HEADER_NEXT.test(next)).length >= 2;
    if (isHeaderBlock) break;
    if (quoteLines !== undefined) {
      // Below the attribution, what is not quoted with ">" was written between or under the lines.
      const rest = lines.slice(index + quoteLines);
      const quoted = rest.filter((next) => QUOTED.test(next)).length;
      if (quoted === 0) break;
      const end = rest.findIndex((next) => SIGNATURES.some((pattern) => pattern.test(next)));
      const after = (end < 0 ? rest : rest.slice(0, end)).filter((next) => !QUOTED.test(next));
      const own = after.filter((next) => !ENDS_IN_WROTE.test(next.trim().slice(-120)));
      kept.push(...own);
      break;
    }
    if (SIGNATURES.some((pattern) => pattern.test(line))) {
      // A signature above the quote: what follows is quote anyhow.
      break;
    }
    if (QUOTED.test(line)) continue;
    kept.push(line);
  }
  return (
    kept
      .join('\n')
      // What separated it from the quote.
      .replace(/(?:\n[ \t]*(?:[-_*=|]{3,}|[\u1427|])[ \t]*)+\s*$/, '')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
  );
}
