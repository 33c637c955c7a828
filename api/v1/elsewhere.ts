/** What is answered where no route is: 405 at an address that takes other methods (RFC 9110 § 15.5.6), 404 at any other. */
import type { Api } from './contract.ts';
import { HttpProblem, sendProblem } from './problem.ts';

/** Before the routes, which it listens for. */
export function answerElsewhere(app: Api): void {
  const known: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = url.replace(/[.+*?^$()[\]{}|\\]/g, '\\$&').replace(/:\w+/g, '[^/]+');
    known.push({ pattern: new RegExp(`^${pattern}$`), methods: [method].flat() });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const others = known.flatMap(({ pattern, methods }) => (pattern.test(path) ? methods : []));
    const allowed = [...new Set(others)].toSorted().join(', ');
    if (allowed === '')
      return sendProblem(
        new HttpProblem(404, 'not_found', 'There is nothing at this address.'),
        request,
        reply,
      );
    void reply.header('allow', allowed);
    const detail = `${request.method} is not for this address; it takes ${allowed}.`;
    return sendProblem(new HttpProblem(405, 'method_not_allowed', detail), request, reply);
  });
}
