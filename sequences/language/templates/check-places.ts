import type { TemplateFault } from './check-template.ts';
import { CopyError } from './copy-errors.ts';
import { fillIn, gapped, markdownToHtml, SetAside } from './html.ts';

const COMMENTS = /\{%-?\s*(comment|raw)\s*-?%\}[\s\S]*?\{%-?\s*end\1\s*-?%\}/g;
const OUTPUT = /\{\{[\s\S]*?\}\}/g;
const TAG = /\{%[\s\S]*?%\}/g;

/** Values looked at one by one, once it is known that some stand badly. */
const LOCATED = 50;

/** Finds values that stand where a value could become markup: inside a tag, an unquoted attribute, a script or a comment. */
export function checkPlaces(source: string, kind: 'markdown' | 'html'): readonly TemplateFault[] {
  const text = source.replace(COMMENTS, (match) => ' '.repeat(match.length));
  const whole = unsafe(text, kind, () => true);
  if (whole === null) return [];
  const found = [...text.matchAll(OUTPUT)].slice(0, LOCATED).flatMap((output, wanted): TemplateFault[] => {
    const message = unsafe(text, kind, (index) => index === wanted);
    const hint = 'for example <a href="{{ unsubscribe_url }}">text</a>';
    return message === null ? [] : [{ offset: output.index, snippet: output[0], message, hint }];
  });
  if (found.length > 0) return found;
  return [{ offset: 0, snippet: text.slice(0, 1), message: whole, hint: 'write it simpler' }];
}

/** What is wrong with the places of the values that `looked` picks; the others are a word, which is markup nowhere. */
function unsafe(text: string, kind: 'markdown' | 'html', looked: (index: number) => boolean): string | null {
  const aside = new SetAside();
  let index = 0;
  const filled = text
    .replace(OUTPUT, () => (looked(index++) ? aside.mark('https://example.com/') : 'x'))
    .replace(TAG, '');
  try {
    fillIn(kind === 'markdown' ? markdownToHtml(filled) : gapped(filled), aside);
    return null;
  } catch (error) {
    if (error instanceof CopyError) return error.message;
    throw error;
  }
}
