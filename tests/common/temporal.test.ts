import { expect, test } from '@jest/globals';
import { connectTemporal, TemporalUnreachable } from '../../common/temporal.ts';

const nowhere = { address: '127.0.0.1:9', namespace: 'default', tls: null, apiKey: null };

test('a server that does not answer is named, with what to look at', async () => {
  const failure = await connectTemporal(nowhere, { timeoutMs: 2000 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TemporalUnreachable);
  expect((failure as Error).message).toContain('Temporal at 127.0.0.1:9 does not answer');
  expect((failure as Error).message).toContain('TEMPORAL_ADDRESS');
});

test('a certificate file that cannot be read names its variable', async () => {
  await expect(connectTemporal({ ...nowhere, tls: { caFile: '/nowhere/ca.pem' } })).rejects.toThrow(
    'TEMPORAL_TLS_CA names /nowhere/ca.pem, which cannot be read (ENOENT)',
  );
});
