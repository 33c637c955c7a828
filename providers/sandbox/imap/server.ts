/** The sandbox's IMAP server: the part of RFC 9051 that reading mailboxes needs, on 127.0.0.1. Any password is right. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fetchAnswer, search } from './fetch.ts';
import { type Folder, Mailboxes } from './mailboxes.ts';
import { type Argument, CommandReader, inSet, parseArguments } from './parse.ts';

export interface ImapConduct {
  /** Refuse every login. */
  refuseCredentials: boolean;
  /** Take nobody in. */
  imapDown?: boolean;
  /** Tell of news while the client idles. */
  imapIdle: boolean;
}

export interface SandboxImap {
  readonly port: number;
  readonly mailboxes: Mailboxes;
  /** What it did since it started. */
  readonly stats: { bytesOut: number; logins: number; commands: number };
  /** Cuts the connection that next sends more than so many bytes in one answer, in the midst of it. Once. */
  cutNext(bytes: number): void;
  /** Ends every connection without a word. */
  drop(): void;
  close(): Promise<void>;
}

/** Starts it; port 0: any free one. */
export async function startImap(conduct: () => ImapConduct, port = 0): Promise<SandboxImap> {
  const mailboxes = new Mailboxes();
  const stats = { bytesOut: 0, logins: 0, commands: 0 };
  const sockets = new Set<Socket>();
  const cut = { after: Infinity };
  const server = createServer((socket) => {
    if (conduct().imapDown) return void socket.destroy();
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    new Session(socket, { mailboxes, conduct, stats, cut }).start();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    mailboxes,
    stats,
    cutNext(bytes) {
      cut.after = bytes;
    },
    drop,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        drop();
      }),
  };
}

interface World {
  readonly mailboxes: Mailboxes;
  readonly conduct: () => ImapConduct;
  readonly stats: SandboxImap['stats'];
  readonly cut: { after: number };
}

class Session {
  readonly #socket: Socket;
  readonly #world: World;
  #address: string | null = null;
  #folder: Folder | null = null;
  /** How many messages the client knows of in its folder. */
  #known = 0;
  /** The tag of an IDLE, or of an AUTHENTICATE that waits for its answer. */
  #idling: string | null = null;
  #authenticating: string | null = null;

  constructor(socket: Socket, world: World) {
    this.#socket = socket;
    this.#world = world;
  }

  start(): void {
    const reader = new CommandReader();
    const news = (address: string) => {
      if (this.#idling !== null && address === this.#address) this.#tellNews();
    };
    this.#world.mailboxes.on('news', news);
    this.#socket.on('close', () => this.#world.mailboxes.off('news', news));
    this.#socket.on('data', (chunk: Buffer) => {
      for (const command of reader.read(chunk, () => this.#write('+ go on\r\n'))) this.#line(command);
    });
    this.#write(`* OK [CAPABILITY ${this.#capabilities()}] sandbox\r\n`);
  }

  #capabilities(): string {
    const idle = this.#world.conduct().imapIdle ? ' IDLE' : '';
    return `IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+ ID NAMESPACE SPECIAL-USE UIDPLUS${idle}`;
  }

  #write(answer: string | Buffer): void {
    const { cut, stats } = this.#world;
    if (this.#socket.destroyed) return;
    if (answer.length > cut.after) {
      const part = Buffer.from(answer as string).subarray(0, cut.after);
      cut.after = Infinity;
      this.#socket.write(part, () => this.#socket.destroy());
      return;
    }
    stats.bytesOut += answer.length;
    this.#socket.write(answer);
  }

  #line(command: Buffer): void {
    this.#world.stats.commands++;
    if (this.#idling !== null) {
      this.#write(`${this.#idling} OK idle ended\r\n`);
      this.#idling = null;
      return;
    }
    if (this.#authenticating !== null) {
      const tag = this.#authenticating;
      this.#authenticating = null;
      return this.#login(tag, plainUser(command.toString('latin1').trim()));
    }
    const [tag, name, ...rest] = parseArguments(command);
    const [verb, args] =
      String(name).toUpperCase() === 'UID'
        ? [`UID ${String(rest[0]).toUpperCase()}`, rest.slice(1)]
        : [String(name).toUpperCase(), rest];
    this.#carryOut(String(tag), verb, args);
  }

  #carryOut(tag: string, verb: string, args: readonly Argument[]): void {
    const ok = (text = `${verb} done`) => this.#write(`${tag} OK ${text}\r\n`);
    const no = (text: string) => this.#write(`${tag} NO ${text}\r\n`);
    switch (verb) {
      case 'CAPABILITY':
        this.#write(`* CAPABILITY ${this.#capabilities()}\r\n`);
        return ok();
      case 'ID':
        this.#write('* ID ("name" "cadenza-sandbox")\r\n');
        return ok();
      case 'LOGIN':
        return this.#login(tag, String(args[0]));
      case 'AUTHENTICATE':
        if (args[1] !== undefined) return this.#login(tag, plainUser(String(args[1])));
        this.#authenticating = tag;
        return this.#write('+ \r\n');
      case 'LOGOUT':
        this.#write('* BYE see you\r\n');
        ok();
        return void this.#socket.end();
      case 'NOOP':
        this.#tellNews();
        return ok();
    }
    if (this.#address === null) return no('log in first');
    const folders = this.#world.mailboxes.of(this.#address);
    switch (verb) {
      case 'NAMESPACE':
        this.#write('* NAMESPACE (("" "/")) NIL NIL\r\n');
        return ok();
      case 'LIST':
      case 'LSUB': {
        const use = (folder: Folder) => (folder.specialUse ? ` ${folder.specialUse}` : '');
        if (args[1] === '') this.#write('* LIST (\\Noselect) "/" ""\r\n');
        else
          for (const folder of folders.values())
            if (args.includes('*') || String(args[1]).toUpperCase() === folder.name.toUpperCase())
              this.#write(`* ${verb} (\\HasNoChildren${use(folder)}) "/" "${folder.name}"\r\n`);
        return ok();
      }
      case 'STATUS': {
        const folder = folders.get(String(args[0]));
        if (!folder) return no('no such folder');
        const { mails, uidNext, uidValidity } = folder;
        this.#write(
          `* STATUS "${folder.name}" (MESSAGES ${mails.length} UIDNEXT ${uidNext} UIDVALIDITY ${uidValidity})\r\n`,
        );
        return ok();
      }
      case 'SELECT':
      case 'EXAMINE': {
        const folder = folders.get(String(args[0]));
        if (!folder) return no('no such folder');
        this.#folder = folder;
        this.#known = folder.mails.length;
        this.#write(
          `* FLAGS (\\Seen \\Deleted)\r\n* ${this.#known} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY ${folder.uidValidity}] ok\r\n` +
            `* OK [UIDNEXT ${folder.uidNext}] ok\r\n`,
        );
        return ok(verb === 'EXAMINE' ? '[READ-ONLY] examined' : '[READ-WRITE] selected');
      }
      case 'APPEND': {
        const name = String(args[0]);
        const raw = Buffer.from(String(args.at(-1)), 'latin1');
        const flags = args.find((one) => Array.isArray(one)) as readonly string[] | undefined;
        if (!folders.has(name)) return no('[TRYCREATE] no such folder');
        this.#world.mailboxes.deliver(this.#address, raw, { folder: name, flags: flags ?? [] });
        return ok();
      }
      case 'CLOSE':
      case 'UNSELECT':
        this.#folder = null;
        return ok();
    }
    const folder = this.#folder;
    if (!folder) return this.#write(`${tag} BAD unknown here: ${verb}\r\n`);
    switch (verb) {
      case 'IDLE':
        if (!this.#world.conduct().imapIdle) return no('not here');
        this.#idling = tag;
        this.#write('+ idling\r\n');
        return this.#tellNews();
      case 'SEARCH':
      case 'UID SEARCH': {
        const uids = search(folder, args);
        this.#write(`* SEARCH${uids.map((uid) => ` ${uid}`).join('')}\r\n`);
        return ok();
      }
      case 'FETCH':
      case 'UID FETCH': {
        const byUid = verb === 'UID FETCH';
        const has = inSet(String(args[0]), byUid ? (folder.mails.at(-1)?.uid ?? 0) : folder.mails.length);
        folder.mails.forEach((mail, index) => {
          if (has(byUid ? mail.uid : index + 1)) this.#write(fetchAnswer(index + 1, mail, args.slice(1)));
        });
        return ok();
      }
      default:
        this.#write(`${tag} BAD unknown here: ${verb}\r\n`);
    }
  }

  #login(tag: string, user: string): void {
    if (this.#world.conduct().refuseCredentials)
      return this.#write(`${tag} NO [AUTHENTICATIONFAILED] invalid credentials\r\n`);
    this.#world.stats.logins++;
    this.#address = user.toLowerCase();
    this.#write(`${tag} OK [CAPABILITY ${this.#capabilities()}] welcome\r\n`);
  }

  #tellNews(): void {
    const count = this.#folder?.mails.length ?? 0;
    if (!this.#folder || count === this.#known) return;
    this.#known = count;
    this.#write(`* ${count} EXISTS\r\n`);
  }
}

function plainUser(base64: string): string {
  return Buffer.from(base64, 'base64').toString().split('\0')[1] ?? '';
}
