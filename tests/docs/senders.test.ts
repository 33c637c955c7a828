import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { DEFAULT_CAPS } from '../../db/senders.ts';
import { emailConfiguration } from '../../providers/email/settings.ts';
import { unipileAccount } from '../../providers/linkedin/settings.ts';
import type { SenderAccount } from '../../providers/ports.ts';
import { createProviders, DEFAULT_PROVIDER } from '../../providers/registry.ts';
import { twilioClient } from '../../providers/twilio/client.ts';
import type { Channel } from '../../sequences/lead.ts';

const source = readFileSync('docs/senders.md', 'utf8');
const dkimPrivateKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;
const SECRETS: Readonly<Record<string, string>> = { accountSid: 'AC0', apiKeySid: 'SK0', dkimPrivateKey };

/** The senders that the page's `senders add` commands describe. */
const examples = [...source.matchAll(/^\$ npx cadenza senders add ((?:.|\\\n)+?)$(?!\n +--)/gm)].map(
  ([, text = '']) => {
    const [channel, address] = text.split(/\s+/) as [Channel, string];
    const settings = JSON.parse(/--settings '(.+?)'/.exec(text)?.[1] ?? '{}') as Record<string, unknown>;
    const keys = [...text.matchAll(/--credential (\w+)=/g)].map(([, key = '']) => key);
    const credentials = Object.fromEntries(keys.map((key) => [key, SECRETS[key] ?? 'secret']));
    const provider = /--provider (\w+)/.exec(text)?.[1] ?? DEFAULT_PROVIDER[channel];
    const sender: SenderAccount = {
      id: address,
      channel,
      provider,
      name: address,
      address,
      settings,
      credentials,
    };
    return { channel, provider, address, sender };
  },
);

test.each(examples)('the sender $address of $channel/$provider can be used as it is described', (example) => {
  const { channel, provider, sender } = example;
  expect(createProviders().names(channel)).toContain(provider);
  if (provider === 'smtp') expect(emailConfiguration(sender).pool.host).toContain('.');
  if (provider === 'unipile') expect(unipileAccount(sender).settings.accountId).toBe('abc123');
  if (provider === 'twilio') expect(twilioClient(sender).client.accountSid).toBe('AC0');
});

test('there is an example for every provider, and the default caps are as the code has them', () => {
  const named = new Set(examples.map(({ channel, provider }) => `${channel}/${provider}`));
  for (const id of [
    'email/smtp',
    'linkedin/manual',
    'linkedin/unipile',
    'sms/twilio',
    'whatsapp/twilio',
    'call/manual',
    'call/twilio',
  ])
    expect(named).toContain(id);
  const said = /email (\d+); visit (\d+), follow (\d+), invite (\d+)\/(\d+), message (\d+);/.exec(source);
  const { email, linkedin } = DEFAULT_CAPS;
  expect(said?.slice(1).map(Number)).toEqual([
    email.email?.day,
    linkedin.visit?.day,
    linkedin.follow?.day,
    linkedin.invite?.day,
    linkedin.invite?.week,
    linkedin.message?.day,
  ]);
});
