import { expect, test } from '@jest/globals';
import { createLogger } from '../../common/log.ts';

function logged(level: string, write: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(createLogger({ level, destination: { write: (line) => void lines.push(line) } }));
  for (const line of lines) JSON.parse(line);
  return lines.join('');
}

test('secrets show at no level, by name or by look', () => {
  const text = logged('trace', (log) => {
    log.trace(
      {
        credentials: { password: 'pw-1' },
        sender: { settings: { token: 'pw-2' } },
        headers: { 'webhook-signature': 'pw-3' },
      },
      'a',
    );
    log.debug(
      'postgres://cadenza:pw-4@db.test/cadenza whsec_cHctNQ== v1.a.aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaa.cHctNg1111',
    );
    log.error(new Error('connect postgres://u:pw-7@db'), 'failed');
    log.debug('cdz_AAAAAAAAAAAAAAAAAAAAAAAAAAAApw-9 https://c.test/sign-in/AAAAAAAAAAAAAAAAAAAAAAAAAAAApw-9');
    log.debug('GET /u/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAApw-8');
  });
  expect(text).not.toMatch(/pw-\d|cHct/);
  expect(text).toContain('db.test/cadenza');
});

test('addresses of people show at debug only', () => {
  const write = (log: ReturnType<typeof createLogger>, level: 'info' | 'debug') => {
    log[level](
      { to: 'ada@acme.test', err: new Error('550 <bob@acme.test>: no such user') },
      'to +493012345678, https://linkedin.com/in/ada',
    );
  };
  expect(logged('debug', (log) => write(log, 'info'))).not.toMatch(/ada|bob|4930/);
  expect(logged('debug', (log) => write(log, 'debug'))).toContain('ada@acme.test');
});
