/** Requests are held against the Zod schemas of their routes, once, before anything else sees them. */
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { fieldErrors } from './field-errors.ts';
import { HttpProblem } from './problem.ts';

const PARTS: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'address',
  headers: 'header',
};

/** Whether a request without a body is as good as one with `{}`: a command all of whose fields may be left out. */
export const takesNoBody = (method: unknown, body: unknown): boolean =>
  method === 'POST' && body !== undefined && (body as z.ZodType).safeParse({}).success;

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, method, httpPart }) => {
  const isBody = httpPart === 'body';
  const absent = isBody && takesNoBody(method, schema) ? {} : undefined;
  return (data: unknown) => {
    const given = data ?? absent;
    const { data: value, error } = schema.safeParse(given, { reportInput: true });
    if (!error) return { value };
    if (isBody && given === undefined)
      return { error: new HttpProblem(400, 'bad_request', 'The body is missing.') };
    const errors = fieldErrors(error.issues);
    const { path, message } = errors[0]!;
    const detail = `The ${PARTS[httpPart ?? '']} is not right${path && ` at ${path}`}: ${message}`;
    const sentence = /[.!?]$/.test(detail) ? detail : `${detail}.`;
    return { error: new HttpProblem(400, 'bad_request', sentence, undefined, errors) };
  };
};

/** The media types that a route takes. */
const takenBy = ({ routeOptions: { schema } }: FastifyRequest): readonly string[] =>
  schema?.consumes ?? ['application/json'];

/** @throws HttpProblem 415 when there is a body of another type than the route takes */
export function assertMediaType(request: FastifyRequest): void {
  const { method, headers, routeOptions } = request;
  if (routeOptions.url === undefined || method === 'GET' || method === 'HEAD') return;
  const type = headers['content-type'];
  const isEmpty = headers['transfer-encoding'] === undefined && !Number(headers['content-length'] ?? 0);
  if (type === undefined && isEmpty) return;
  const taken = takenBy(request);
  const given = type?.split(';', 1)[0]!.trim().toLowerCase() ?? '';
  if (taken.includes(given)) return;
  const instead = given === '' ? 'say so in Content-Type' : `not ${given.slice(0, 100)}`;
  throw new HttpProblem(415, 'unsupported_media_type', `This takes ${taken.join(' or ')}: ${instead}.`);
}
