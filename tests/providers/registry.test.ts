import { expect, test } from '@jest/globals';
import type { Channel } from '../../sequences/lead.ts';
import type { Provider } from '../../providers/ports.ts';
import { createProviders, DEFAULT_PROVIDER, UnknownProvider } from '../../providers/registry.ts';

test('every channel has its default provider; LinkedIn and calls are work for a person', async () => {
  const providers = createProviders();
  for (const [channel, name] of Object.entries(DEFAULT_PROVIDER) as [Channel, string][]) {
    expect(providers.get(channel, name).id).toBe(`${channel}/${name}`);
    expect(providers.names(channel)[0]).toBe(name);
  }
  expect(providers.get('linkedin', 'manual').mode).toBe('task');
  expect(providers.get('call', 'twilio').mode).toBe('task');
  expect(providers.get('linkedin', 'unipile').mode).toBe('wire');
  await providers.close();
});

test('an unknown provider names those there are', () => {
  const providers = createProviders();
  expect(() => providers.get('linkedin', 'phantombuster')).toThrow(
    new UnknownProvider('No provider linkedin/phantombuster; for linkedin there is: manual, unipile'),
  );
  expect(() => providers.get('fax' as Channel, 'x')).toThrow(/channels are: email/);
});

test('a test puts its own provider in, and it is closed with the others', async () => {
  let closed = false;
  const own: Provider = {
    id: 'email/smtp',
    mode: 'wire',
    send: async () => ({ kind: 'sent', providerId: 'own' }),
    find: async () => ({ kind: 'not_found' }),
    check: async () => [],
    close: async () => void (closed = true),
  };
  const providers = createProviders({ replace: [own] });
  expect(providers.get('email', 'smtp')).toBe(own);
  await providers.close();
  expect(closed).toBe(true);
});
