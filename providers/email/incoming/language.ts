/** The language of a short text, by its commonest words. */

const WORDS: Readonly<Record<string, string>> = {
  en: 'the and to of is in you that it for on with are this be have we i your not at will from can my me was please thanks thank would if but what who',
  de: 'der die das und ich nicht ist sie wir es in den zu mit ein eine auf für im sich dem von bin haben wird kein keine bitte danke uns ihnen ihr mich sind am bis nach als auch',
  fr: 'le la les de des et je vous nous est pas un une pour dans que qui sur avec votre ne au du merci suis serai ce mon bonjour en si plus mais',
  es: 'el la los las de que y en no un una por con para su es me le lo gracias estoy estaré del al se mi hola usted pero más nos si como',
  pt: 'o a os as de que e em não um uma por com para seu sua é me obrigado obrigada estou estarei do da no na ao se meu olá você mas mais nos',
  it: 'il lo la gli le di che e in non un una per con su è mi grazie sono sarò del della al alla si mio ciao ma più ci buongiorno',
  tr: 've bir bu da de için ile ben siz çok değil mi ne var yok olarak teşekkürler teşekkür ederim merhaba lütfen kadar sonra gibi ama daha olan iyi kadar tarihine tarihinde tarihleri arasında bana beni size cevap olacağım',
};
const SETS = Object.entries(WORDS).map(([language, words]) => [language, new Set(words.split(' '))] as const);

/** ISO 639-1 of one of the seven languages that rules know; null when the text is too short, another one, or could be two. */
export function languageOf(text: string): string | null {
  const words =
    text
      .slice(0, 5000)
      .toLowerCase()
      .match(/[\p{L}’']+/gu) ?? [];
  const scores = SETS.map(([language, set]) => ({
    language,
    // Different words, not how often: one that several languages share says little.
    hits: new Set(words.filter((word) => set.has(word))).size,
  })).sort((a, b) => b.hits - a.hits);
  const [best, next] = scores;
  if (!best || !next || best.hits < 2 || best.hits < words.length * 0.12) return null;
  return best.hits > next.hits ? best.language : null;
}
