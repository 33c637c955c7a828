import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Db } from '../../db/db.ts';
import { type Sandbox } from '../../providers/sandbox/sandbox.ts';
import { contacted, world } from '../activities/inbound/support.ts';
import { makeLead, makeSender } from '../support/factories.ts';
import { openTerminal, type Terminal } from './support.ts';

// Each run is a process of its own; the machine may be busy.
jest.setTimeout(180_000);

let terminal: Terminal;
let db: Db;
let sandbox: Sandbox;
beforeAll(async () => {
  terminal = await openTerminal();
  ({ db, sandbox } = terminal);
});
afterAll(() => terminal.close());

const run: Terminal['run'] = (...args) => terminal.run(...args);

test('other systems: a source, a launch that stands open for its events, and an event that enrolls', async () => {
  const { email } = await makeLead(db);
  await makeSender(db);
  const file = (enroll: string) =>
    `name: cart\n${enroll}steps:\n  - email: { subject: Your cart, body: Still there. }\n`;
  terminal.write('plain.yaml', file('').replace('cart', 'plain'));
  terminal.write('cart.yaml', file('enroll_on: [{ event: cart.abandoned, where: data.total > 10 }]\n'));
  const [added, nothing, dry] = await Promise.all([
    run('sources', 'add', 'web-shop', '--json'),
    run('launch', 'plain.yaml', '--on-events'),
    run('launch', 'cart.yaml', '--on-events', '--dry-run', '--json'),
  ]);
  expect(added.json()).toMatchObject({ url: 'https://cadenza.example.com/hooks/events/web-shop' });
  expect(nothing).toMatchObject({ code: 2 });
  expect(nothing.stderr).toContain('enrolls on no events. Add enroll_on');
  expect(dry.json()).toMatchObject({ dryRun: true, launchId: null });
  expect((await db.query('select from launches')).rowCount).toBe(0);

  const opened = await run('launch', 'cart.yaml', '--on-events');
  expect(opened).toMatchObject({ code: 0 });
  expect(opened.stdout).toContain('cart (copy revision 1) stands open for its events.');
  const [little, much, wrong] = [
    await run('event', email!, 'cart.abandoned', '--data', '{"total": 5}', '--json'),
    await run('event', email!, 'cart.abandoned', '--data', '{"total": 50}'),
    await run('event', email!, 'cart.abandoned', '--data', 'total'),
  ];
  expect(little.json()).toMatchObject({ type: 'cart.abandoned', enrolled: [] });
  expect(much.stdout).toContain('It enrolled the lead in a launch that stands open for it.');
  expect(wrong).toMatchObject({ code: 2 });
  expect((await db.query(`select from enrollments where status = 'pending'`)).rowCount).toBe(1);

  const [list, rotated, told, removed] = [
    await run('sources', 'list'),
    await run('sources', 'rotate', 'web-shop', '--json'),
    await run('sources', 'events'),
    await run('sources', 'remove', 'web-shop'),
  ];
  expect(list.stdout).not.toContain('whsec_');
  expect(rotated.json()).toMatchObject({ secret: expect.stringMatching(/^whsec_/) });
  expect(told.stdout).toBe('Nothing was told yet.\n');
  expect(removed.code).toBe(0);
});

test('promise 1: a reply leaves by the sender that the lead wrote to, in the thread, and once', async () => {
  const { settings } = sandbox.senderSettings('email');
  const add = [
    'senders',
    'add',
    'email',
    'rosa@example.com',
    '--name',
    'Rosa Lind',
    '--time-zone',
    'Europe/Berlin',
  ];
  const rest = ['--settings', JSON.stringify(settings), '--credential', 'password=-', '--json'];
  const added = await terminal.withInput('hunter2\n', ...add, ...rest);
  const senderId = (added.json() as { sender: { id: string } }).sender.id;
  const email = 'ada@answers.example';
  const one = await contacted(db, { channel: 'email', lead: { email }, senderId });
  await db.query(
    `update touches set message_id = '<first@example.com>', content = '{"subject": "Hello"}' where id = $1`,
    [one.touchId],
  );
  const here = await world(db);
  const came = await here.arrive({
    source: 'mail',
    kind: 'message',
    dedupeKey: randomUUID(),
    senderId,
    raw: Buffer.from(
      `From: ${email}\r\nMessage-ID: <hers@answers.example>\r\nIn-Reply-To: <first@example.com>\r\nSubject: Re: Hello\r\n\r\nTell me more.\r\n`,
    ),
  });
  expect(came).toBe('answer_stopped');
  const ask = ['inbox', 'reply', email, '--text', 'Tuesday at ten?', '--key', 'crm-77'];
  expect(await run(...ask)).toMatchObject({ code: 0, stdout: 'Sent.\n', stderr: '' });
  expect((await run(...ask)).stdout).toContain('That was asked before, with the same key.');
  const mails = sandbox.received().filter(({ to }) => to === email);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({
    from: 'rosa@example.com',
    subject: 'Re: Hello',
    text: 'Tuesday at ten?\n',
  });
  expect(mails[0]!.headers).toMatchObject({
    'in-reply-to': '<hers@answers.example>',
    references: '<first@example.com> <hers@answers.example>',
  });
  expect(mails[0]!.headers).not.toHaveProperty('list-unsubscribe');
  const shown = await run('inbox', 'show', email);
  expect(shown.stdout).toMatch(
    /Rosa Lind <rosa@example.com> {2}\(reply\)\n {2}Re: Hello\n {2}Tuesday at ten\?/,
  );
  expect((await run('inbox', 'list')).stdout).toBe('Nothing waits for an answer.\n');
});
