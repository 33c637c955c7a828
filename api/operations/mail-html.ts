import { simpleParser } from 'mailparser';

/** Longer than this nobody reads, and browsers stumble over. */
const LONGEST = 500_000;

/** The HTML part of a raw mail as it was written, which nobody may trust. null: there is none, or too much of it. */
export async function mailHtml(raw: Buffer): Promise<string | null> {
  const { html } = await simpleParser(raw, {
    skipTextToHtml: true,
    skipHtmlToText: true,
    skipImageLinks: true,
    maxHtmlLengthToParse: LONGEST,
  }).catch(() => ({ html: false as const }));
  return html && html.length <= LONGEST ? html : null;
}
