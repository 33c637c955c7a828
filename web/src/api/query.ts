/** What the app knows of the server, and for how long. */
import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './client.ts';
import { failed } from '../ui/notify.tsx';
import { noteProblem, whenBack } from './connection.ts';
import { problemText } from './problem-text.ts';

export const queryClient: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // What the server refuses it refuses again.
      retry: (count, error) =>
        count < 2 && error instanceof ApiProblem && (error.status === 0 || error.status >= 502),
    },
    mutations: {
      onError(error) {
        // The frame asks to sign in again.
        if (!(error instanceof ApiProblem && error.code === 'not_signed_in')) failed(problemText(error));
      },
    },
  },
});
queryClient.getQueryCache().subscribe((event) => {
  if (event.type === 'updated' && event.action.type === 'error') noteProblem(event.action.error);
});
queryClient.getMutationCache().subscribe((event) => {
  if (event.type === 'updated' && event.action.type === 'error') noteProblem(event.action.error);
});
// Whatever was missed meanwhile, and whatever failed.
whenBack(() => void queryClient.invalidateQueries());
