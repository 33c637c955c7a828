/**
 * Email's whole way, out and back, with the servers that most of the world's mail goes through: Debian's postfix and dovecot.
 * Where they are not installed this is skipped; the sandbox's SMTP and IMAP servers stand in for them in every other test.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { Watchers } from '../../activities/mailbox/watchers.ts';
import { createSecrets } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import { addSender } from '../../db/senders.ts';
import { createProviders } from '../../providers/registry.ts';
import { hash, statusOf, world } from '../activities/inbound/support.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeHost, walk, type Host } from '../support/enrollment-host.ts';
import {
  databaseClock,
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../support/factories.ts';
import { mailServerMissing, startMailServer, type MailServer } from '../support/mail-server.ts';
import { until } from '../support/until.ts';

const ROSA = 'rosa@sender.test';
const ADA = 'ada@lead.test';
const missing = mailServerMissing();
if (missing) process.stderr.write(`The test with postfix and dovecot is skipped: ${missing}\n`);

(missing ? describe.skip : describe)('with postfix and dovecot', () => {
  const secrets = createSecrets([{ id: 'test', key: Buffer.alloc(32, 7) }]);
  const providers = createProviders();
  let db: Db;
  let drop: () => Promise<void>;
  let server: MailServer;
  let watchers: Watchers;
  let host: Host;
  let senderId: string;

  beforeAll(async () => {
    ({ db, drop } = await createTestDatabase());
    await setTime(db, TUESDAY);
    server = await startMailServer([ROSA, ADA]);
    senderId = await addSender(
      db,
      {
        channel: 'email',
        provider: 'smtp',
        name: 'Rosa Lind',
        address: ROSA,
        timeZone: 'Europe/Berlin',
        caps: {},
        minGapSeconds: 0,
        jitterSeconds: 0,
        settings: {
          host: '127.0.0.1',
          port: server.smtpPort,
          security: 'none',
          // So long that what is read in time was told by IDLE.
          imap: { host: '127.0.0.1', port: server.imapPort, security: 'none', pollSeconds: 3600 },
        },
        credentials: { imapPassword: server.password },
      },
      secrets,
    );
    host = await makeHost(db, { providers, secrets });
    const { inbound } = await world(db);
    watchers = new Watchers({
      db,
      clock: await databaseClock(db),
      secrets,
      log: createLogger({ level: 'silent' }),
      process: inbound.process,
    });
    void watchers.ensure(senderId);
    await until(
      async () => (await db.query('select from mailboxes where live_until > clock_timestamp()')).rowCount,
      'the mailbox is read',
    );
  });
  afterAll(async () => {
    await watchers?.stop();
    await providers.close();
    await server?.stop();
    await drop?.();
  });

  /** A lead who was sent the first mail. */
  async function written(email: string) {
    const lead = await makeLead(db, { email });
    const version = await makeVersion(db, {
      plan: makePlan([
        touchNode('first'),
        { id: 'pause', kind: 'wait', wait: { unit: 'days', amount: 2 }, next: null },
        touchNode('second'),
      ]),
    });
    const launch = await makeLaunch(db, { versionId: version.id, senderIds: [senderId] });
    const { id } = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
    await walk(host, id);
    const touch = async () => {
      const { rows } = await db.query<{ state: string; messageId: string; delivery: string | null }>(
        `select state, message_id as "messageId", delivery from touches where enrollment_id = $1 and step_id = 'first'`,
        [id],
      );
      return rows[0]!;
    };
    return { id, leadId: lead.id, touch };
  }

  test('promise 3: a mail that postfix delivered is answered by its Message-ID, and the answer ends the sequence', async () => {
    const { id, touch } = await written(ADA);
    const { state, messageId } = await touch();
    expect(state).toBe('sent');
    await until(async () => (await server.log()).includes(`to=<${ADA}>, relay=virtual`), 'Ada has it');
    const lead = createTransport({ host: '127.0.0.1', port: server.smtpPort, ignoreTLS: true });
    // From an address that nobody knows, so that nothing but the Message-ID tells whose answer it is.
    await lead.sendMail({
      from: 'ada.private@elsewhere.test',
      to: ROSA,
      subject: 'Re: Hello Ada',
      inReplyTo: messageId,
      references: messageId,
      text: 'Thank you, I have one already.',
    });
    lead.close();
    await until(async () => (await statusOf(db, id)) === 'stopped replied', 'the answer counts');
  });

  test('postfix bounces a mail to nobody: the address is never written to again', async () => {
    const { touch, leadId } = await written('nobody@lead.test');
    await until(async () => (await touch()).delivery === 'bounced', 'the bounce counts');
    const { rows } = await db.query(`select type from lead_events where lead_id = $1`, [leadId]);
    expect(rows).toContainEqual({ type: 'bounced' });
    const kept = await db.query<{ channel: string }>(
      'select channel from suppressions where identity_hash = $1',
      [hash('email', 'nobody@lead.test')],
    );
    expect(kept.rows).toEqual([{ channel: 'email' }]);
  });
});
