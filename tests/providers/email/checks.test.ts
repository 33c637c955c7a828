import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { checkDomain, type ResolveTxt } from '../../../providers/email/dns-checks.ts';
import { createSmtpProvider } from '../../../providers/email/smtp.ts';
import { scriptedSmtp } from '../support/scripted-smtp.ts';
import { emailSender } from '../support/senders.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const p = publicKey.toString('base64');
const dkim = { domain: 'acme.test', selector: 'k1', privateKey };

function zone(records: Record<string, string[][] | string>): ResolveTxt {
  return async (name) => {
    const found = records[name];
    if (Array.isArray(found)) return found;
    throw Object.assign(new Error(name), { code: found ?? 'ENOTFOUND' });
  };
}

const good = {
  'mail.acme.test': [['google-site-verification=x'], ['v=spf1 include:_spf.', 'example.com -all']],
  'k1._domainkey.acme.test': [[`v=DKIM1; k=rsa; p=${p.slice(0, 200)}`, p.slice(200)]],
  '_dmarc.acme.test': [['v=DMARC1; p=none']],
};

test('a domain that is set up has three good lines, DMARC from the organization', async () => {
  const lines = await checkDomain(zone(good), 'mail.acme.test', dkim);
  expect(lines.map(({ name, ok }) => [name, ok])).toEqual([
    ['SPF', true],
    ['DKIM', true],
    ['DMARC', true],
  ]);
  expect(lines[0]!.detail).toContain('v=spf1 include:_spf.example.com -all');
});

test.each([
  ['no SPF', { 'mail.acme.test': [] }, 'SPF', /no SPF record: publish/],
  ['two SPF', { 'mail.acme.test': [['v=spf1 -all'], ['v=spf1 ~all']] }, 'SPF', /2 SPF records/],
  ['no DKIM', { 'k1._domainkey.acme.test': 'ENODATA' }, 'DKIM', /has no key: publish/],
  ['revoked DKIM', { 'k1._domainkey.acme.test': [['v=DKIM1; p=']] }, 'DKIM', /revoked/],
  ['another DKIM key', { 'k1._domainkey.acme.test': [['v=DKIM1; p=MIIB']] }, 'DKIM', /another key/],
  [
    'no DMARC',
    { '_dmarc.acme.test': 'ENOTFOUND' },
    'DMARC',
    /no DMARC record: publish a TXT record at _dmarc\.acme\.test/,
  ],
  ['DNS that fails', { 'mail.acme.test': 'ESERVFAIL' }, 'SPF', /could not be looked up \(ESERVFAIL\)/],
] as [string, Record<string, string[][] | string>, string, RegExp][])(
  '%s',
  async (_name, change, name, detail) => {
    const lines = await checkDomain(zone({ ...good, ...change }), 'mail.acme.test', dkim);
    expect(lines.filter((line) => !line.ok)).toEqual([
      { name, ok: false, detail: expect.stringMatching(detail) },
    ]);
  },
);

test('check logs in and looks at the domain', async () => {
  const server = await scriptedSmtp({ extensions: ['AUTH PLAIN'] });
  const provider = createSmtpProvider({ resolveTxt: zone({ 'acme.test': [['v=spf1 -all']] }) });
  const lines = await provider.check(emailSender(server.port, { credentials: { password: 'x' } }));
  expect(lines.map(({ name, ok }) => [name, ok])).toEqual([
    ['SMTP login', true],
    ['SPF', true],
    ['DKIM', true],
    ['DMARC', false],
  ]);
  await server.close();
  const [login] = await provider.check(emailSender(server.port, { credentials: { password: 'x' } }));
  expect(login).toMatchObject({ name: 'SMTP login', ok: false });
  expect(await provider.check(emailSender(0, { settings: { host: undefined } }))).toMatchObject([
    { name: 'Settings', ok: false },
  ]);
  await provider.close();
});
