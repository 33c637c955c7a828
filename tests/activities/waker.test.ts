import { expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { createWaker } from '../../activities/waker.ts';

test('an endpoint that was mended is delivered to at once; the sweep only starts what is missing', async () => {
  const calls: string[] = [];
  const client = {
    workflow: {
      signalWithStart: async (type: string, { signal }: { signal: string }) =>
        void calls.push(`${signal} ${type}`),
      start: async (type: string) => void calls.push(`start ${type}`),
    },
  } as unknown as Client;
  const waker = createWaker(client, 'queue');
  await waker.endpoint('e');
  await waker.missingEndpoint('e');
  expect(calls).toEqual(['wake crmDelivery', 'start crmDelivery']);
});
