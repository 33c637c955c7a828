/** Every command is about this machine, and says so, or works over CADENZA_URL. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { isLocal } from '../../cli/command.ts';
import { createProgram } from '../../cli/program.ts';
import { helpOf, leafCommands, nameOf } from '../../cli/reference.ts';
import { here, makeFolder } from './support.ts';

jest.setTimeout(120_000);

const commands = leafCommands(createProgram());
const remote = commands.filter((command) => !isLocal(command)).map(nameOf);

let folder: ReturnType<typeof makeFolder>;
/** Knows nothing of what it is asked for. */
let server: Server;
let asked = 0;
beforeAll(async () => {
  folder = makeFolder();
  symlinkSync(resolve('sequences'), join(folder.path, 'sequences'));
  server = createServer((_request, response) => {
    asked++;
    response.writeHead(404, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code: 'not_found', detail: 'It is not here.' }));
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  server?.close();
  server?.closeAllConnections();
  folder?.remove();
});

/** The examples of a command's help, as their arguments; the files that they name are there. */
function examplesOf(name: string): string[][] {
  const help = helpOf(commands.find((command) => nameOf(command) === name)!);
  const lines = [...help.matchAll(/^ {2}\$ cadenza (.+)$/gm)].map(([, line]) => line!);
  return lines.map((line) => {
    const [typed = ''] = line.split(/ [>|] /);
    const args = (typed.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((arg) =>
      arg.replace(/^(['"])(.*)\1$/, '$2'),
    );
    for (const arg of args) {
      const [, name, kind] = /(?:^|[@=])([\w-]+)\.(csv|ya?ml|txt|json)$/.exec(arg) ?? [];
      const file = join(folder.path, `${name}.${kind}`);
      if (name === undefined || existsSync(file)) continue;
      writeFileSync(
        file,
        kind === 'csv'
          ? 'Email\nada@example.com\n'
          : `name: ${name}\nsteps:\n  - { id: hello, email: { subject: Hi, body: Hello } }\n`,
      );
    }
    return args.includes('--json') ? args : [...args, '--json'];
  });
}

test('each command asks the server in at least one of its examples, and refuses none of them', async () => {
  const missing: string[] = [];
  for (const name of remote) {
    const before = asked;
    let refused = false;
    for (const args of examplesOf(name)) {
      const { port } = server.address() as AddressInfo;
      const env = { CADENZA_URL: `http://127.0.0.1:${port}`, CADENZA_KEY: 'cdz_any' };
      const { stdout } = await here(args, { cwd: folder.path, env, input: 'a password\n' });
      refused ||= stdout.includes('"not_remote"');
    }
    if (refused || asked === before) missing.push(name);
  }
  expect(missing).toEqual([]);
});

test('docs/api.md says which are about this machine', () => {
  const [, said = ''] =
    /about files or the machine itself \((.+?)\)/.exec(readFileSync('docs/api.md', 'utf8')) ?? [];
  const local = commands.filter(isLocal).map(nameOf);
  const told = [...said.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  expect(told.toSorted()).toEqual(local.toSorted());
});
