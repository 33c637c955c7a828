/** What callers of the API share, the web app and the terminal: operations by name, typed by the routes. */
import { OPERATIONS, type Operations } from './operations.ts';

export type Operation = keyof Operations;
export type Answer<Name extends Operation> = Operations[Name]['answer'];

/** What may be left out may as well be undefined. */
type Loose<Part> = {
  [K in keyof Part]: {} extends Pick<Part, K> ? Part[K] | undefined : Part[K];
};
type Part<Name extends Operation, Key extends string> = Key extends keyof Operations[Name]
  ? Key extends 'query'
    ? { [K in Key]: Loose<Operations[Name][Key]> }
    : Loose<Pick<Operations[Name], Key>>
  : unknown;
/** What an operation needs: `path`, `query` and `body`, those that it has. */
export type Needs<Name extends Operation> = ({} extends Operations[Name]['path']
  ? unknown
  : Part<Name, 'path'>) &
  ({} extends Operations[Name]['query'] ? Partial<Part<Name, 'query'>> : Part<Name, 'query'>) &
  Part<Name, 'body'>;
/** What a function takes behind the operation's name. */
export type Arguments<Name extends Operation, Options> =
  {} extends Needs<Name> ? [needs?: Needs<Name>, options?: Options] : [needs: Needs<Name>, options?: Options];

/** GET, POST, PUT, PATCH or DELETE. */
export const methodOf = (name: Operation): string => OPERATIONS[name].split(' ')[0]!;

/** Where an operation is, from the root of the server. */
export function addressOf<Name extends Operation>(
  name: Name,
  { path = {}, query = {} }: { path?: object; query?: object } = {},
): string {
  const template = OPERATIONS[name].split(' ')[1]!;
  const parts = path as Record<string, string>;
  const filled = template.replace(/\{(\w+)\}/g, (_all, key: string) => encodeURIComponent(parts[key]!));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(key, String(one));
  }
  return search.size > 0 ? `${filled}?${search.toString()}` : filled;
}
