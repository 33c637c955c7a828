/** What somebody wrote, without what they quote and how they sign. */

/** Lines after which everything is quoted: "On … wrote:" and its like, Outlook's separators and header blocks. */
const QUOTE_LINES: readonly RegExp[] = [
  /^\s*-{2,}\s*(?:original message|original appointment|ursprüngliche nachricht|originalnachricht|message d'origine|message original|mensaje original|mensagem original|messaggio originale|orijinal mesaj|özgün ileti|forwarded message|weitergeleitete nachricht|i̇letilen ileti|message transféré)\s*-{2,}/i,
  /^\s*begin forwarded message:/i,
  /^\s*_{10,}\s*$/,
  /^\s*(?:on|am|le|el|em|il|il giorno)\b.{3,200}(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|scrisse).{0,80}:\s*$/i,
  /^\s*.{3,160}(?:tarihinde|zamanında|günü).{0,160}(?:yazdı|şunu yazdı|şöyle yazdı)\s*:\s*$/i,
  /^\s*.{3,160}<[^\s<>]+@[^\s<>]+>\s*(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|yazdı|şunu yazdı|şöyle yazdı)\s*:?\s*$/i,
  /^\s*am\s.{3,120}\sschrieb\s.{1,160}:\s*$/i,
];
/** The first field of a header block that a client puts above what it quotes. */
const HEADER_START = /^\s*\*?(?:from|von|de|da|gönderen|kimden|expéditeur|remitente|mittente)\s*:\*?\s*\S/i;
const HEADER_NEXT =
  /^\s*\*?(?:sent|date|to|subject|cc|gesendet|datum|an|betreff|envoyé|à|objet|enviado|enviada|el|fecha|para|asunto|assunto|data|inviato|a|oggetto|gönderildi|gönderme tarihi|tarih|kime|konu|bilgi)\s*:\*?\s*/i;
const SIGNATURES: readonly RegExp[] = [
  /^-- ?$/,
  /^\s*(?:sent|get outlook|gesendet|von meinem|envoyé|enviado|inviato)\s.{0,60}\b(?:iphone|ipad|android|outlook|samsung|mobile|mobil\w*|galaxy|mail for windows|huawei|blackberry|gmx|yahoo mail|mon \w+|meinem \w+|mio \w+|mi \w+|meu \w+)\b.{0,60}$/i,
  /^\s*(?:iphone|ipad|android)['’]?\w*\s.{0,20}gönderildi\.?\s*$/i,
];

/** The writer's own words; empty when there are none. Answers between quoted lines are kept. */
export function replyTextOf(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const kept: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    // Attributions are broken over two or three lines by some clients.
    const joined = [line, lines[index + 1] ?? '', lines[index + 2] ?? ''];
    const isQuoteLine = QUOTE_LINES.some(
      (pattern) =>
        pattern.test(line) ||
        (/^\s*(?:on|am|le|el|em|il)\b/i.test(line) &&
          (pattern.test(joined.slice(0, 2).join(' ')) || pattern.test(joined.join(' ')))),
    );
    const isHeaderBlock =
      HEADER_START.test(line) &&
      lines.slice(index + 1, index + 5).filter((next) => HEADER_NEXT.test(next)).length >= 2;
    if (isHeaderBlock) break;
    if (isQuoteLine) {
      // Below the attribution, what is not quoted with ">" was written between or under the lines.
      const rest = lines.slice(index + 1);
      const quoted = rest.filter((next) => /^\s*>/.test(next)).length;
      if (quoted === 0) break;
      const end = rest.findIndex((next) => SIGNATURES.some((pattern) => pattern.test(next)));
      const after = (end < 0 ? rest : rest.slice(0, end)).filter((next) => !/^\s*>/.test(next));
      const own = after.filter(
        (next) => !/(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|yazdı)\s*:?\s*$/i.test(next),
      );
      kept.push(...own);
      break;
    }
    if (SIGNATURES.some((pattern) => pattern.test(line))) {
      // A signature above the quote: what follows is quote anyhow.
      break;
    }
    if (/^\s*>/.test(line)) continue;
    kept.push(line);
  }
  return kept
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
