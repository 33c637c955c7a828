import { createServer, type AddressInfo, type Socket } from 'node:net';

/** What the server does at a stage: this reply, byte for byte (CRLF is added), or what a broken one does. */
type Act =
  | ((connection: number) => Act)
  | { reply: string }
  | { raw: string; then: 'close' }
  | 'close'
  | 'reset'
  | 'silence';

export interface Script {
  greeting?: Act;
  /** Extensions, one each. */
  extensions?: string[];
  auth?: Act[];
  mail?: Act;
  rcpt?: Act;
  data?: Act;
  /** Once the first bytes of the message are in, before its end. */
  midway?: Act;
  /** Once the message has ended with its dot. */
  message?: Act;
}

export interface ScriptedSmtp {
  port: number;
  connections: number;
  lines: string[];
  messages: string[];
  close(): Promise<void>;
}

const OK: Act = { reply: '250 OK' };

/** A TCP server that speaks exactly the script. */
export async function scriptedSmtp(script: Script): Promise<ScriptedSmtp> {
  const sockets = new Set<Socket>();
  const result: ScriptedSmtp = { port: 0, connections: 0, lines: [], messages: [], close: async () => {} };

  const server = createServer((socket) => {
    const connection = ++result.connections;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let pending = '';
    let inData = false;
    let authStep = 0;

    const act = (step: Act): void => {
      if (typeof step === 'function') return act(step(connection));
      if (step === 'silence') return;
      if (step === 'close') return void socket.end();
      if (step === 'reset') return void socket.resetAndDestroy();
      if ('raw' in step) return void socket.end(step.raw);
      socket.write(`${step.reply}\r\n`);
    };

    act(script.greeting ?? { reply: '220 scripted' });
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (;;) {
        if (inData) {
          if (script.midway && pending.length > 0) return act(script.midway);
          // An empty message: how a client leaves DATA that it did not want.
          if (pending.startsWith('.\r\n')) pending = `\r\n${pending}`;
          const end = pending.indexOf('\r\n.\r\n');
          if (end < 0) return;
          result.messages.push(pending.slice(0, end + 2));
          pending = pending.slice(end + 5);
          inData = false;
          act(script.message ?? { reply: '250 2.0.0 queued' });
          continue;
        }
        const newline = pending.indexOf('\r\n');
        if (newline < 0) return;
        const line = pending.slice(0, newline);
        pending = pending.slice(newline + 2);
        result.lines.push(line);
        const verb = line.toUpperCase();
        if (verb.startsWith('EHLO'))
          act({
            reply: [
              '250-scripted',
              ...(script.extensions ?? []).map((each) => `250-${each}`),
              '250 HELP',
            ].join('\r\n'),
          });
        else if (verb.startsWith('AUTH') || (authStep > 0 && authStep < (script.auth?.length ?? 0)))
          act(script.auth?.[authStep++] ?? { reply: '235 2.7.0 accepted' });
        else if (verb.startsWith('MAIL')) act(script.mail ?? OK);
        else if (verb.startsWith('RCPT')) act(script.rcpt ?? OK);
        else if (verb === 'DATA') {
          const step = script.data ?? { reply: '354 go ahead' };
          act(step);
          inData = typeof step === 'object' && 'reply' in step && step.reply.startsWith('354');
        } else if (verb === 'QUIT') {
          socket.end('221 bye\r\n');
        } else act(OK);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  result.port = (server.address() as AddressInfo).port;
  result.close = () =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return result;
}
