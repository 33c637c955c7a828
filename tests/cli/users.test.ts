import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { useApiKey } from '../../db/access/api-keys.ts';
import { openTerminal, type Terminal } from './support.ts';

// Each run is a process of its own; the machine may be busy.
jest.setTimeout(180_000);

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal.close());

test('users are added and listed, get keys that are shown once, and are let in no more; the last admin stays', async () => {
  const { run, db } = terminal;
  const add = await run(
    'users',
    'add',
    'Rosa@Example.com',
    '--name',
    'Rosa Lind',
    '--known-as',
    'Rosa',
    '--json',
  );
  expect(add.json()).toMatchObject({ user: { email: 'rosa@example.com', role: 'rep', knownAs: ['rosa'] } });
  const boss = await run('users', 'add', 'boss@example.com', '--role', 'admin');
  expect(boss.stdout).toContain('Added: boss@example.com <boss@example.com>, admin.');
  const [again, named, wrong, unknown] = await Promise.all([
    run('users', 'add', 'rosa@example.com'),
    run('users', 'add', 'other@example.com', '--known-as', 'ROSA'),
    run('users', 'key', 'rosa@example.com', '--scope', 'everything'),
    run('users', 'key', 'nobody@example.com'),
  ]);
  expect(again).toMatchObject({ code: 1 });
  expect(again.stderr).toContain('There is a user with the email rosa@example.com already.');
  expect(named).toMatchObject({ code: 1 });
  expect(named.stderr).toContain('“rosa” means Rosa Lind <rosa@example.com>');
  expect(wrong).toMatchObject({ code: 2 });
  expect(unknown).toMatchObject({ code: 2 });
  const made = (await run('users', 'key', 'rosa@example.com', '--scope', 'leads:read', '--json')).json() as {
    secret: string;
  };
  expect(await useApiKey(db, made.secret)).toMatchObject({ scopes: ['leads:read'] });
  const list = await run('users', 'list');
  expect(list.stdout).toMatch(/rosa@example\.com\s+Rosa Lind\s+rep/);
  expect(list.stdout).not.toContain(made.secret);
  const leave = await run(
    'users', 'leave', 'rosa@example.com', '--from', '2026-01-01', '--to', '2026-01-31', '--colleague', 'boss@example.com',
  ); // prettier-ignore
  expect(leave).toMatchObject({ code: 2 });
  expect(leave.stderr).toContain('These days are over.');
  const days = [0, 7].map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10));
  const away = await run('users', 'leave', 'rosa@example.com', '--from', days[0]!, '--to', days[1]!);
  expect(away.stdout).toContain(
    `Rosa Lind is on leave from ${days[0]} to ${days[1]} (UTC): their leads wait.`,
  );
  expect((await run('users', 'leave', 'rosa@example.com', '--end')).stdout).toContain('Rosa Lind is back');
  expect(await run('users', 'leave', 'rosa@example.com', '--end')).toMatchObject({ code: 1 });
  expect((await run('users', 'disable', 'rosa@example.com')).stdout).toContain('is let in no more');
  expect(await useApiKey(db, made.secret)).toBeNull();
  expect((await run('users', 'disable', 'boss@example.com')).stderr).toContain('This is the last admin');
});
