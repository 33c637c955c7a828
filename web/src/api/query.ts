/** What the app knows of the server, and for how long. */
import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './client.ts';
import { failed } from '../ui/notify.tsx';
import { problemText } from './problem-text.ts';

/** A signed-out answer anywhere leads to the sign-in page; the router sets what that means. */
let onSignedOut = (): void => {};
export const whenSignedOut = (handler: () => void): void => {
  onSignedOut = handler;
};

function noteSignedOut(error: unknown): void {
  if (error instanceof ApiProblem && error.status === 401) onSignedOut();
}

export const queryClient: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // What the server refuses it refuses again.
      retry: (count, error) =>
        count < 2 && error instanceof ApiProblem && (error.status === 0 || error.status >= 502),
    },
    mutations: {
      onError: (error) => failed(problemText(error)),
    },
  },
});
queryClient.getQueryCache().subscribe((event) => {
  if (event.type === 'updated' && event.action.type === 'error') noteSignedOut(event.action.error);
});
queryClient.getMutationCache().subscribe((event) => {
  if (event.type === 'updated' && event.action.type === 'error') noteSignedOut(event.action.error);
});
