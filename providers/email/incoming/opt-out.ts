/** Whether somebody wishes, in words, not to be contacted any more. */

const WISH: readonly RegExp[] = [
  /\b(?:remove|delete|take) (?:me|us|my (?:e-?mail|address|name|details|email address))\b.{0,30}\b(?:from|off)\b.{0,30}\b(?:lists?|mailings?|database|distribution|e-?mails?|contacts|records)\b/i,
  /^\W*(?:please |kindly |pls )?(?:remove|delete) me\b\s*(?:please)?\s*[.!]*\s*$/im,
  /\bunsubscribe (?:me|us)\b|^\W*(?:please|pls|kindly) unsubscribe\b|^\W*unsubscribe\W*$/im,
  /\b(?:stop|quit|cease) (?:e-?mailing|contacting|writing to|messaging|calling|spamming)(?: (?:me|us|this address|this number)\b|\s*[.!]*\s*$)/im,
  /\b(?:stop|quit|cease) sending (?:me |us )?(?:(?:these|any|more|your|such) )*(?:e-?mails?|messages|mails|spam|offers)\b/i,
  /\b(?:do not|don'?t|never) (?:e-?mail|contact|write|message|call)(?: to)? (?:me|us)\b.{0,20}\b(?:again|any ?more|ever|further)\b/i,
  /\btake (?:me |us )?off (?:your|the|this) .{0,20}\blists?\b|^\W*opt(?:ing)? (?:me )?out\W*$/im,
  /\bno (?:more|further) (?:e-?mails?|messages|contact)(?: please| from you)?\s*[.!]*\s*$/im,
  /\bleave me alone\b/i,
  /\bnicht mehr (?:anschreiben|kontaktieren|an(?:rufen|mailen))\b|\bkeine (?:weiteren? )?(?:e-?mails?|mails|nachrichten|werbung) mehr\b|\bschreiben sie (?:mir|uns) nicht mehr\b/i,
  /\b(?:streichen|nehmen|löschen|entfernen) sie (?:mich|uns|meine \S+)\b.{0,40}\b(?:verteiler|liste|mailingliste|datenbank|adressen)|\b(?:mich|uns) (?:bitte )?aus (?:ihrem|dem|ihrer|der) (?:verteiler|liste|mailingliste)\b|^\W*(?:abmelden|abbestellen)\W*$/im,
  /\b(?:retirez|supprimez|enlevez)[- ](?:moi|nous)\b.{0,40}\b(?:liste|envois|base|fichier)|\bne (?:plus|me) .{0,30}(?:contacter|écrire|solliciter)\b|\bme (?:désabonner|désinscrire)|\b(?:désabonnez|désinscrivez)[- ]moi/i,
  /\bne m['’](?:écrivez|envoyez|contactez) plus\b/i,
  /\b(?:elim[ií]n(?:en|a|e)me|elim[íi]neme|d[eé]nme de baja|deme de baja|darme de baja|b[oó]rr(?:en|e)me)\b|\bno (?:me |nos )?(?:escriban?|contacten?|env[ií]en)\b.{0,20}\b(?:más|mas)\b|\bno deseo recibir\b/i,
  /\b(?:remova|retire|tire|exclua|descadastr\w*)[- ]me\b|\bnão (?:quero|desejo) (?:mais )?receber\b|\bpare de (?:me )(?:enviar|escrever|mandar)\b/i,
  /\b(?:cancellatemi|rimuovetemi|toglietemi|cancellami|disiscrivetemi|disiscrivimi)\b|\bnon (?:contattatemi|scrivetemi)\b|\bnon (?:desidero|voglio) (?:più )?ricevere\b/i,
  /beni .{0,20}listeden (?:çıkar|sil)|listenizden (?:çıkar|sil)|(?:bir daha|artık) (?:bana )?(?:yaz|mail|e-?posta|mesaj|ulaş|rahatsız)\p{L}*\s*(?:at|gönder|yaz|et)?m[ae]y[ıi]n|^\W*abonelikten çık|bana .{0,20}(?:mail|e-?posta|mesaj) (?:gönder|at|yolla)m[ae]y[ıi]n/iu,
];
const NOT_A_WISH =
  /\b(?:told|asked|tell|ask) (?:them|him|her|people|others) (?:not )?to\b|\b(?:don'?t|do not|didn'?t|not) (?:want to |wish to |mean to )?(?:unsubscribe|opt out)\b|\bhow (?:do|can) (?:i|we) unsubscribe (?:others|users|people)\b/i;

/** `text` is what the person wrote, without any quote. Long letters are not looked through: a wish to be left alone is short. */
export function wishesNoContact(text: string): boolean {
  if (text.length > 400 || NOT_A_WISH.test(text)) return false;
  return WISH.some((pattern) => pattern.test(text));
}

const WORD =
  '(?:unsubscribe|opt[- ]?out|abmelden|abbestellen|désabonnement|désinscription|se désabonner|baja|darme de baja|descadastrar|cancellami|disiscrizione|abonelikten çık|listeden çık(?:ar)?)';
const BARE = new RegExp(`^\\W*(?:re\\s*:\\s*)?${WORD}(?:\\s+[\\w=:.-]{16,200})?\\W*$`, 'iu');

/** Whether the subject is nothing but the word, with a token at the most: what a mail client writes to an unsubscribe address. */
export function isUnsubscribeSubject(subject: string): boolean {
  return BARE.test(subject);
}

/** Whether the whole message is that wish, or nothing but the word. */
export function isOptOut(subject: string, text: string): boolean {
  return (
    BARE.test(text) ||
    (isUnsubscribeSubject(subject) && text.length < 200) ||
    (text.length <= 240 && wishesNoContact(text))
  );
}
