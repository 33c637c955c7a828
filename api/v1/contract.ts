/** What routes share: instants, ids, pages and their cursors, versions of what people edit. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { HttpProblem } from './problem.ts';

/** The scope that routes are registered in: types come from their schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** UTC, ISO 8601 on the wire; a Date inside. */
export const instant = z.codec(z.iso.datetime({ offset: true }), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});

/** The same for what the operations keep as milliseconds. The document says what is on the wire. */
export const time = z.codec(z.iso.datetime(), z.number().meta({ type: 'string', format: 'date-time' }), {
  decode: (text) => Date.parse(text),
  encode: (at) => new Date(at).toISOString(),
});

export const id = z.uuid();
export const byId = z.object({ id });

/** A list in an answer: rows of the database are read-only. */
export const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

/** One page of something; `next` is the cursor of the page behind it. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: listOf(item), next: z.string().nullable().describe('null: this is the last page') });

/** Query parameters of every list. */
export const paging = {
  cursor: z.string().max(1000).optional().describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
};

/** Commands that have nothing to say. */
export const nothing = z.null().describe('No content');

/** Where a page begins: opaque to whoever holds it. `list` names the list with its order, in no other of which it is a place. */
export const cursorOf = (list: string, place: readonly (string | number | null)[]): string =>
  Buffer.from(JSON.stringify([list, ...place])).toString('base64url');

/** @throws HttpProblem when it is none of ours, or a place in another list */
export function placeOf<Place extends z.ZodType>(
  list: string,
  cursor: string | undefined,
  schema: Place,
): z.output<Place> | null {
  if (cursor === undefined) return null;
  try {
    const [of, ...place] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (of === list) return schema.parse(place);
  } catch {
    // Told like a place in another list.
  }
  throw badCursor();
}

export const badCursor = (): HttpProblem =>
  new HttpProblem(400, 'bad_cursor', 'This cursor is none of this list in this order: begin without one.');

/** A page of `list` out of `limit + 1` rows. */
export function page<Row>(
  list: string,
  rows: readonly Row[],
  limit: number,
  place: (row: Row) => readonly (string | number | null)[],
): { items: Row[]; next: string | null } {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? cursorOf(list, place(items.at(-1)!)) : null };
}

/** Says which version of a thing this is (RFC 9110, section 8.8.3). */
export const tag = (reply: FastifyReply, version: number | string): FastifyReply =>
  reply.header('etag', `"${version}"`);

/** Whether the caller says which version it means: needed for changes, left free where something is only ended or deleted. */
export const saysVersion = (request: FastifyRequest): boolean => request.headers['if-match'] !== undefined;

/**
 * The version that the caller changes, by If-Match. null: `*`, whatever there is.
 * @throws HttpProblem 428 when the caller does not say (RFC 6585): what somebody else wrote would be overwritten unseen
 */
export function ifMatch(request: FastifyRequest): string | null {
  const header = request.headers['if-match'];
  if (header === undefined)
    throw new HttpProblem(
      428,
      'version_missing',
      'Say which version you change, so that nobody’s work is overwritten: send If-Match with the ETag that you read, or * for whatever there is.',
    );
  return header === '*' ? null : (/^(?:W\/)?"([^"]*)"$/.exec(header)?.[1] ?? '');
}

/** @throws HttpProblem 412 when the caller changes another version than there is, 428 when it does not say which */
export function assertVersion(request: FastifyRequest, version: number | string): void {
  const wanted = ifMatch(request);
  if (wanted !== null && wanted !== String(version))
    throw new HttpProblem(412, 'changed_meanwhile', 'Somebody changed this meanwhile: look again.');
}
