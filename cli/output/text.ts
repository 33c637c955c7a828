/** Terminal sequences other than colours, and control characters other than line breaks and tabs. */
const HARMFUL =
  // oxlint-disable-next-line no-control-regex
  /\u001b(?!\[[0-9;]*m)(?:\[[0-?]*[ -/]*[@-~])?|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;

/**
 * Text that may hold what leads or providers wrote, without what would move the cursor or rewrite lines. Line breaks, tabs and
 * our own colours stay.
 */
export function harmless(text: string): string {
  return text.replace(HARMFUL, '');
}

/** `1 lead`, `2 leads`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A snake_case word for people. What follows a colon is a name, such as a variable's, and stays as it is. */
export function words(word: string): string {
  const [, what, name] = /^([a-z0-9_]+):(\S+)$/.exec(word) ?? [];
  return what === undefined ? word.replaceAll('_', ' ') : `${what.replaceAll('_', ' ')} ${name}`;
}
