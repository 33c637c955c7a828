/** Whether somebody wishes, in words, not to be contacted any more. */

const WISH: readonly RegExp[] = [
  /\b(?:please |kindly |pls )?(?:remove|delete|take) (?:me|us|my (?:e-?mail|address|name|details|email address))\b.{0,40}\b(?:from|off)\b/i,
  /\b(?:remove|delete) me\b\s*[.!]?\s*$/im,
  /\bunsubscribe (?:me|us)\b|\b(?:please|pls|kindly) unsubscribe\b|^\W*unsubscribe\W*$/im,
  /\b(?:stop|quit|cease) (?:e-?mailing|contacting|writing|messaging|calling|sending|spamming)\b/i,
  /\b(?:do not|don'?t|never) (?:e-?mail|contact|write|message|call|send)(?: to)? (?:me|us)\b.{0,30}\b(?:again|any ?more|ever|further)\b/i,
  /\b(?:take|opt) (?:me |us )?(?:off|out)\b.{0,20}\b(?:list|mailing|emails?)\b|^\W*opt(?:ing)? out\W*$/im,
  /\bno (?:more|further) (?:e-?mails?|messages|contact)\b/i,
  /\bleave me alone\b/i,
  /\b(?:bitte )?(?:nicht mehr|keine weiteren?|keine)\b.{0,30}\b(?:anschreiben|kontaktieren|e-?mails?|mails|nachrichten|werbung)\b/i,
  /\b(?:streichen|nehmen|löschen|entfernen) sie (?:mich|uns|meine)\b|\baus (?:ihrem|dem|ihrer) (?:verteiler|liste|mailingliste)\b|^\W*(?:abmelden|abbestellen)\W*$/im,
  /\b(?:retirez|supprimez|enlevez)[- ]moi\b|\bne (?:plus|me) .{0,30}(?:contacter|écrire|solliciter)\b|\bdésabonne[rz]?\b|\bdésinscri/i,
  /\bne m['’](?:écrivez|envoyez|contactez) plus\b/i,
  /\b(?:elim[ií]n(?:en|a|e)(?:me|nme)?|d[eé]n?me de baja|darme de baja|dar de baja|b[oó]rr(?:en|e)me)\b|\bno (?:me )?(?:escriban|contacten|env[ií]en|contacte|escriba)\b.{0,20}\b(?:más|mas)\b|\bno deseo recibir\b/i,
  /\b(?:remova|retire|tire|exclua|descadastr\w*)[- ](?:me|meu|o meu)\b|\bdescadastr|\bnão (?:quero|desejo) (?:mais )?receber\b|\bpare de (?:me )?(?:enviar|escrever|mandar)\b/i,
  /\b(?:cancellatemi|rimuovetemi|toglietemi|cancellami|disiscriv\w+)\b|\bnon (?:contattatemi|scrivetemi|desidero|voglio)\b.{0,30}\b(?:più|ricevere)\b/i,
  /listeden (?:çıkar|sil)|listenizden (?:çıkar|sil)|(?:bir daha|artık) (?:bana )?(?:yaz|mail|e-?posta|mesaj|ulaş|rahatsız)\p{L}*\s*(?:at|gönder|yaz|et)?m[ae]y[ıi]n|abonelikten çık|üyelikten çık|(?:mail|e-?posta|mesaj) (?:gönder|at|yolla)m[ae]y[ıi]n/iu,
];
const NOT_A_WISH =
  /\b(?:don'?t|do not|didn'?t|not) (?:want to |wish to |mean to )?(?:unsubscribe|opt out)\b|\bhow (?:do|can) (?:i|we) unsubscribe (?:others|users|people)\b/i;

/** `text` is what the person wrote, without any quote. Long letters are not looked through: a wish to be left alone is short. */
export function wishesNoContact(text: string): boolean {
  if (text.length > 1500 || NOT_A_WISH.test(text)) return false;
  return WISH.some((pattern) => pattern.test(text));
}

/** Whether the whole message is that wish, or nothing but the word. */
export function isOptOut(subject: string, text: string): boolean {
  const bare =
    /^\W*(?:re\s*:\s*)?(?:unsubscribe|opt[- ]?out|remove(?: me)?|abmelden|abbestellen|désabonnement|désinscription|se désabonner|baja|darme de baja|descadastrar|cancellami|disiscrizione|abonelikten çık|listeden çık(?:ar)?)\b/i;
  if (bare.test(text) && text.length < 60) return true;
  if (/^\W*(?:unsubscribe|opt[- ]?out)\b/i.test(subject) && text.length < 200) return true;
  return text.length <= 240 && wishesNoContact(text);
}
