/**
 * The words by which people opt out of text messages and in again. Twilio's default keywords, and what the languages that we
 * speak use. The whole message must be the word (a "please" and punctuation aside): "we could stop by on Tuesday" is an answer.
 */

const STOP = [
  // Twilio's default keywords: help.twilio.com, "Twilio support for opt-out keywords".
  'stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit', 'revoke', 'optout',
  'stop all', 'opt out', 'remove me',
  // Turkish
  'dur', 'iptal', 'ret', 'cik', 'durdur',
  // German
  'stopp', 'abmelden', 'abbestellen', 'austragen',
  // French
  'arret', 'arreter', 'desabonner', 'desinscrire',
  // Spanish
  'baja', 'alto', 'parar', 'cancelar', 'detener',
  // Portuguese
  'sair', 'pare', 'remover', 'descadastrar',
  // Italian
  'annulla', 'cancella', 'ferma', 'basta', 'cancellami', 'disiscrivimi',
] as const; // prettier-ignore

const START = ['start', 'unstop', 'basla', 'anmelden', 'alta', 'iniciar', 'inizia', 'reprendre'] as const;

const POLITE =
  /\b(?:please|pls|lutfen|bitte|s il vous plait|svp|por favor|per favore|grazie|thanks|thank you)\b/g;

/** What a text message asks for when it is nothing but one of the words; null: it says something else. */
export function stopWord(text: string): 'stop' | 'start' | null {
  if (text.length > 100) return null;
  const plain = text
    // Turkish: dotless and dotted i are the same letter to whoever types in capitals.
    .replace(/[ıİI]/g, 'i')
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .replace(POLITE, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if ((STOP as readonly string[]).includes(plain)) return 'stop';
  return (START as readonly string[]).includes(plain) ? 'start' : null;
}
