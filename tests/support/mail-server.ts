/** Debian's own postfix and dovecot as a domain's mail server, on loopback ports, with everything they keep in a temporary folder. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../worker/local/ports.ts';
import { until } from './until.ts';

const MASTER = '/usr/lib/postfix/sbin/master';
const POSTFIX = '/usr/sbin/postfix';
const DOVECOT = '/usr/sbin/dovecot';

/** Whose files the mailboxes are. */
const MAIL_USER = 'nobody';

/** Why the real servers cannot run here; null: they can. Both need root to change users. */
export function mailServerMissing(): string | null {
  const missing = [MASTER, POSTFIX, DOVECOT].filter((file) => !existsSync(file));
  if (missing.length > 0)
    return `${missing.join(', ')} not installed (apt-get install postfix dovecot-imapd)`;
  return process.getuid?.() === 0 ? null : 'needs root';
}

export interface MailServer {
  readonly smtpPort: number;
  readonly imapPort: number;
  /** Everybody's. */
  readonly password: string;
  /** What both servers logged. */
  log(): Promise<string>;
  /** Ends both, by pid, and removes the folder. */
  stop(): Promise<void>;
}

/** Starts both for these mailboxes. Mail to anybody else at their domains is taken and then bounces. */
export async function startMailServer(mailboxes: readonly string[]): Promise<MailServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cadenza-mail-'));
  const ends: (() => Promise<void>)[] = [];
  const log = async () => {
    const files = ['postfix.log', 'dovecot.log'].map((name) =>
      readFile(join(folder, name), 'utf8').catch(() => ''),
    );
    return (await Promise.all(files)).join('');
  };
  const stop = async () => {
    await Promise.all(ends.map((end) => end()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await chmod(folder, 0o755);
    const [smtpPort, imapPort] = [await freePort(), await freePort()];
    await writePostfix(folder, smtpPort, mailboxes);
    await writeDovecot(folder, imapPort);
    run(POSTFIX, ['-c', join(folder, 'postfix'), 'check']);
    ends.push(
      start(MASTER, ['-c', join(folder, 'postfix')]),
      start(DOVECOT, ['-F', '-c', join(folder, 'dovecot.conf')]),
    );
    for (const port of [smtpPort, imapPort])
      await until(() => listens(port), `port ${port} listens`).catch(async (cause: unknown) => {
        throw new Error(`the mail server did not start:\n${await log()}`, { cause });
      });
    return { smtpPort, imapPort, password: 'secret', log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writePostfix(folder: string, port: number, mailboxes: readonly string[]): Promise<void> {
  const conf = join(folder, 'postfix');
  const [uid, gid] = [idOf('-u', MAIL_USER), idOf('-g', MAIL_USER)];
  for (const each of ['postfix', 'queue', 'data', 'mail']) await mkdir(join(folder, each));
  await chown(join(folder, 'data'), idOf('-u', 'postfix'), 0);
  await chown(join(folder, 'mail'), uid, gid);
  const domains = new Set(mailboxes.map((address) => address.split('@')[1]));
  await writeFile(join(conf, 'mailboxes'), mailboxes.map((address) => `${address} ${address}/\n`).join(''));
  await writeFile(
    join(conf, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/postfix.log
maillog_file_prefixes = ${folder}
myhostname = mail.lead.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
default_transport = error
virtual_mailbox_domains = ${[...domains].join(', ')}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = texthash:${conf}/mailboxes
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = permit_mynetworks, reject
fast_flush_domains =
`,
  );
  const internal = ['cleanup', 'qmgr', 'bounce', 'virtual', 'error', 'anvil', 'proxymap'];
  const services = [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'postlog unix-dgram n - n - 1 postlogd',
    'rewrite unix - - n - - trivial-rewrite',
    'retry unix - - n - - error',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    ...internal.map(
      (name) =>
        `${name} unix ${/cleanup|qmgr/.test(name) ? 'n' : '-'} ${name === 'virtual' ? 'n' : '-'} n - ${limitOf(name)} ${name}`,
    ),
  ];
  await writeFile(join(conf, 'master.cf'), `${services.join('\n')}\n`);
}

/** How many of a service master may start: these insist. */
function limitOf(service: string): number | '-' {
  if (service === 'qmgr') return 1;
  return service === 'cleanup' || service === 'bounce' ? 0 : '-';
}

async function writeDovecot(folder: string, port: number): Promise<void> {
  await writeFile(
    join(folder, 'dovecot.conf'),
    `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:${folder}/mail/%u
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=${MAIL_USER} gid=${idOf('-g', MAIL_USER)} home=${folder}/mail/%u
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
  );
}

/** Starts it in a process group of its own, since postfix ends its whole group; answers what ends it. */
function start(file: string, args: readonly string[]): () => Promise<void> {
  const child = spawn(file, args, { detached: true, stdio: 'ignore' });
  const ended = once(child, 'exit');
  return async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
}

function run(file: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}

function idOf(which: '-u' | '-g', user: string): number {
  return Number(run('id', [which, user]));
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}
