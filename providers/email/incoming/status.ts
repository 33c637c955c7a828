/** From what a mail server answers to what it means for the address. */
import type { BounceKind } from './types.ts';

const ENHANCED = /\b([245])\.(\d{1,3})\.(\d{1,3})\b/;

/** The enhanced status code (RFC 3463) in a text; not the numbers of an IP address or a version. */
export function enhancedIn(text: string): string | null {
  const match = /(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/.exec(text);
  return match?.[1] ?? null;
}

/** Whether a status says more than that something went wrong, or that time ran out. */
export function saysWhy(status: string | null): status is string {
  return status !== null && !/^[45]\.(?:0\.0|4\.7)$/.test(status);
}

/** The status behind a reply code, which the receiver gave; else the first one that says why; else the first one. */
export function tellingStatusIn(text: string): string | null {
  const receivers = /(?:^|[^\d.])[45]\d\d[ -]+['#]?([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/.exec(text)?.[1];
  if (receivers !== undefined && saysWhy(receivers)) return receivers;
  const all = [...text.matchAll(/(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/g)].map(
    (match) => match[1]!,
  );
  return all.find(saysWhy) ?? all[0] ?? null;
}

/** The reply code (RFC 5321) in a diagnostic. */
export function replyCodeIn(text: string): number | null {
  const match = /(?:^|[^\d.])([45][0-5]\d)(?=[\s-]|$)/.exec(text);
  return match ? Number(match[1]) : null;
}

const FULL =
  /(?:mail ?box|mail ?folder|in ?box|mail ?drop|account|disk|storage) (?:is |was )?(?:over)?full\b|(?:over|exceed\w*|out of)[\w\s'’.<>@-]{0,40}(?:quota|storage|size limit|mailbox)|quota (?:is )?(?:full|exceed)|quotaexceeded|over ?quota|mailbox.{0,60}(?:full|exceeded)|insufficient (?:disk|system|mailbox)? ?(?:space|storage)|not enough (?:disk )?space|inbox is full|mailbox exceeds|exceeds allowed size|disk quota|postfach (?:ist )?voll|posta kutusu dolu|bo[iî]te .{0,20}pleine|buz[oó]n .{0,20}lleno|caixa .{0,20}cheia|casella .{0,20}piena|storage allocation|speicherplatz/i;
const NOBODY =
  /(?:user|recipient|mailbox|address|account|addressee|inbox|alias|person)\b[^\n]{0,80}\b(?:unknown|not (?:found|exist|known|valid|available|listed)|does(?:n'?t| not) exist|doesn'?t have|(?:is )?(?:invalid|disabled|inactive|deactivated|closed|deleted|suspended|terminated|discontinued|no longer))|(?:unknown|no such|invalid|non-?existent|nonexistent|bad destination|unrouteable|unroutable|undeliverable|not a valid|no mailbox|inactive|disabled|expired)\s+(?:local )?(?:user|recipient|mailbox|address|account|domain|host|addressee|here|by that name)|no such (?:user|person|mailbox)|not (?:our|a known) customer|can'?t find|could ?n[o']t be found|wasn'?t found|not found|no mailbox here|does not exist|doe?sn'?t exist|見つかりません|リストにありません|存在しません|host (?:or domain name )?(?:unknown|not found)|domain (?:name )?not found|name or service not known|unable to find|not recogni[sz]ed|no valid recipients?|invalid .{0,20}\buser ?id\b|recipient (?:address )?rejected\.?\s*(?:$|\(in reply)|nxdomain|recipnotfound|resolver\.adr|mailbox unavailable|nicht gefunden|unbekannt|existiert nicht|bulunamad|mevcut değil|n'existe pas|introuvable|no existe|desconocid|não existe|desconhecid|non esiste|inesistente|sconosciut|user doesn'?t|no longer (?:valid|available|with|active|in use)|relay access denied|no such domain/i;
const POLICY =
  /\bspam\b|spamhaus|blacklist|block ?list|blocked|black ?listed|blocklist|\brbl\b|dnsbl|reputation|dmarc|\bspf\b|dkim|policy|not authori[sz]ed|unauthenticated|unsolicited|content (?:rejected|not (?:accepted|allowed))|virus|malware|suspicious|banned|rejected (?:for|due to) |access denied|relay(?:ing)? (?:denied|not permitted)|administrative prohibition|prohibited|bulk mail|phish|rate ?limit|too many (?:messages|connections|recipients)|message refused|restricted|not accepting (?:mail|messages) from|deliver(?:y)? not authorized|authentication required|refused to (?:accept|talk)|throttl|listed (?:at|in|on)|greylist/i;
const SYSTEM =
  /timed? ?out|try again|temporar|connection (?:refused|lost|reset|dropped|closed|timed)|unreachable|no route|deferred|retry time|retry timeout|queue|too (?:large|big)|message size|exceeds? .{0,30}(?:size|limit)|loop|hop count|too many hops|mail server|server (?:error|busy|down)|local error|out of memory|network error|protocol error|dns (?:error|failure|server)|tls|ssl|resources|unable to connect|could not connect|no answer from host|lookup failure|service (?:is )?(?:currently |temporarily )?unavailable|system (?:resources|error|problem)/i;

/** Said of the sender or the message, whatever else stands there. */
const POLICY_FIRST =
  /\bspam\b|spamhaus|blacklist|block ?list|blacklisted|\brbl\b|dnsbl|reputation|dmarc|\bspf\b|\bdkim\b|unauthenticated|unsolicited|unwanted (?:e-?mail|mail|messages)|virus|malware|phish|rate ?limit|bulk mail|content rejected|mail rejete|receiving mail at a rate|\bptr\b|reverse[ -]?dns|\brdns\b|ip name lookup|mismatch(?:es)? (?:the )?client ip|sent (?:to )?too many|too many (?:messages|recipients) (?:this|per|in)|relay quota|daily .{0,20}\bquota|(?:unroutable|unrouteable|invalid|unknown|bad|forged) sender|sender(?: address)? (?:is )?(?:rejected|denied|refused|blocked|not allowed)|protocol violation|insecure mail relay|valid from:|(?:turn on|enable) smtp auth|relay through this server|permission to post|groups\.google\.com\/support|not (?:a )?members? of/i;
/** There is somebody, who is kept from reading for now. */
const LOCKED =
  /(?:user|account|mailbox|compte|konto|cuenta|conta)\b.{0,80}(?:temporar\w* (?:locked|suspended|disabled|unavailable)|\b(?:is|est) (?:locked|bloqu[eé]|blocked)\b)/i;
/** Nobody answered for as long as it was tried, or the message was too much: another day, another message may arrive. */
const GAVE_UP =
  /multiple retries|giving up|gave up|could not (?:be )?deliver\w* (?:for the last|within)|did not accept our requests|not reachable|unreachable|timed? ?out|time-?out|(?:has |queue |retention )expired|\d+ (?:times|attempts)|retry time|\b421\b|in the queue too long|not found,? try again|too large|(?:message|mail|size).{0,20}exceeds|cannot be delivered for|server (?:is )?(?:busy|down)/i;

/**
 * What a final failure means. The enhanced status decides where it says something; servers that write 5.0.0 (or a code that their own
 * sentence contradicts: a full mailbox under 5.2.1) are read by what they say.
 */
export function kindOf(status: string | null, diagnostic: string): BounceKind {
  const [, first, subject, detail] = ENHANCED.exec(status ?? '') ?? [];
  // Lines that were folded are one; an address says nothing about itself (dmarc@…, no-spam@…).
  const said = diagnostic
    .slice(0, 4000)
    .replace(/\n[ \t]+(?=\S)/g, ' ')
    .replace(/[\w.+=-]{1,64}@/g, 'somebody@')
    // What IronPort and SES put before whatever the receiver said.
    .replace(/unknown address error (?=[45]\d\d)/i, '');
  const nobody = NOBODY.test(said) && !POLICY_FIRST.test(said);
  if (LOCKED.test(said)) return 'soft';
  // Exchange Online's edge says so of recipients that its directory does not have, Postfix of those that its tables close.
  if (/recipient address(?:es)? rejected ?: access denied/i.test(said) && first !== '4') return 'hard';
  if (`${subject}.${detail}` === '2.2' || FULL.test(said)) return 'mailbox_full';
  switch (subject) {
    case '1':
      // 7 and 8 are about the sender's own address.
      if (detail === '7' || detail === '8') return 'policy';
      if (first === '4') return nobody ? 'hard' : 'soft';
      return POLICY_FIRST.test(said) ? 'policy' : 'hard';
    case '2':
      if (POLICY_FIRST.test(said)) return 'policy';
      if (detail === '1' || detail === '0')
        return first === '4' &&
          !(nobody && /inactive|disabled|does(?:n'?t| not) exist|unknown|no longer/i.test(said))
          ? 'soft'
          : POLICY.test(said) && !nobody
            ? 'policy'
            : 'hard';
      return 'soft';
    case '3':
      return nobody && first === '5' ? 'hard' : 'soft';
    case '4':
      // No such host is as final as no such mailbox; other routing troubles pass.
      return first === '5' && (detail === '4' || nobody) && !/unexpected name server reply/i.test(said)
        ? 'hard'
        : 'soft';
    case '6':
      return 'policy';
    case '7':
      // "Access denied" for a mailbox that is not there: directory-based blocking.
      if (nobody) return 'hard';
      // A rate is exceeded for a while only.
      return first === '4' &&
        /rate ?limit|throttl|too many connections/i.test(said) &&
        !/reputation|spam|unsolicited/i.test(said)
        ? 'soft'
        : 'policy';
    default:
  }
  if (POLICY_FIRST.test(said)) return 'policy';
  // A refusal of the recipient in one line, whatever befell others or later attempts.
  if (said.split('\n').some((line) => /\b55[0-3]\b/.test(line) && NOBODY.test(line))) return 'hard';
  if (GAVE_UP.test(said)) return 'soft';
  if (nobody) return 'hard';
  if (POLICY.test(said)) return 'policy';
  if (/\b55\d[ -](?:5\.\d\.\d )?(?:message |mail )?(?:rejected|refused)\b/i.test(said)) return 'policy';
  if (first === '4' || SYSTEM.test(said)) return 'soft';
  const code = replyCodeIn(said);
  if (code === 550 || code === 551 || code === 553) return 'hard';
  // Anything else that nobody explains says nothing about the address: to give it up for good would be a guess.
  return code === 554 ? 'policy' : 'soft';
}
