import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readLeadsFile } from '../../api/operations/simulate-file.ts';
import { explain } from '../../cli/errors.ts';
import { cadenza, makeFolder } from './support.ts';

const library = (name: string) => resolve('sequences/library', name);
const ADA = 'ada.yilmaz@marmaralojistik.example';
// Each run is a process of its own; the machine may be busy.
jest.setTimeout(120_000);

let folder: ReturnType<typeof makeFolder>;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => folder.remove());

const run = (...args: string[]) => cadenza(args, { cwd: folder.path });
function write(name: string, content: string | Buffer): string {
  writeFileSync(join(folder.path, name), content);
  return name;
}

test('validate says file, line, column, what is wrong and what would be right; exit 2', async () => {
  write('bad.yaml', 'name: x\nsteps:\n  - emial: { subject: a, body: b }\n');
  write('broken.yaml', 'name: x\nsteps: [\n');
  write('bomb.yaml', `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b]\n`);
  write('latin1.yaml', Buffer.from('name: x\ntitle: Gr\xfcn\n', 'latin1'));
  const [bad, several, good] = await Promise.all([
    run('validate', 'bad.yaml'),
    run(
      'validate',
      library('classic.yaml'),
      'bad.yaml',
      'broken.yaml',
      'bomb.yaml',
      'latin1.yaml',
      'none.yaml',
      '--json',
    ),
    run('validate', library('classic.yaml')),
  ]);
  expect(bad).toMatchObject({ code: 2, stdout: '' });
  expect(bad.stderr).toBe('bad.yaml:3:5: unknown field "emial" (did you mean "email"?)\n');
  expect(several.code).toBe(2);
  const { files } = several.json() as { files: { file: string; ok: boolean; problems?: object[] }[] };
  expect(files.map(({ ok }) => ok)).toEqual([true, false, false, false, false, false]);
  expect(files[1]!.problems).toEqual([
    { file: 'bad.yaml', line: 3, column: 5, message: 'unknown field "emial"', hint: 'did you mean "email"?' },
  ]);
  for (const { problems } of files.slice(1)) expect(problems!.length).toBeGreaterThan(0);
  expect(several.stderr).toContain('There is no file none.yaml.');
  expect(good).toMatchObject({ code: 0, stderr: '' });
});

test('test runs scenarios without a server: exit 0 when they pass, 1 with a difference when not', async () => {
  const definition =
    'name: short\nsteps:\n  - id: hello\n    email: { subject: Hi, body: "Hello {{ lead.first_name }}" }\n';
  const scenario = (at: string) =>
    `scenarios:\n  - name: a lead hears from us\n    given: { start: 2026-03-09 09:00, launch_time_zone: Europe/Berlin, lead: { email: ada@x.test, first_name: Ada, time_zone: Europe/Berlin } }\n    then:\n      - { step: hello, at: ${at} }\n`;
  write('short.yaml', definition);
  write('short.test.yaml', scenario('Mon 2026-03-09 09:00'));
  write('late.test.yaml', `sequence: short.yaml\n${scenario('Mon 2026-03-09 10:00')}`);
  const [passes, fails] = await Promise.all([
    run('test', 'short.test.yaml', '--json'),
    run('test', 'late.test.yaml'),
  ]);
  expect(passes.code).toBe(0);
  expect(passes.json()).toMatchObject({ passed: 1, failed: 0 });
  expect(fails.code).toBe(1);
  expect(fails.stdout).toContain('0 passed, 1 failed');
  expect(fails.stdout).toMatch(/- hello +Mon 2026-03-09 10:00/);
  expect(fails.stdout).toMatch(/\+ hello +Mon 2026-03-09 09:00/);
});

test('a scenario file is validated as one, and a definition is tested by the one beside it', async () => {
  write('pair.yaml', 'name: pair\nsteps:\n  - id: hello\n    email: { subject: Hi, body: Hello }\n');
  write(
    'pair.test.yaml',
    'scenarios:\n  - name: a\n    given: { start: 2026-03-09 09:00, lead: { email: ada@x.test, time_zone: Europe/Berlin } }\n    then:\n      - { step: hello, at: Mon 2026-03-09 09:00 }\n',
  );
  write('wrong.test.yaml', 'scenarios:\n  - nmae: a\n');
  write('alone.yaml', 'name: alone\nsteps:\n  - id: hello\n    email: { subject: Hi, body: Hello }\n');
  const [good, wrong, beside, alone] = await Promise.all([
    run('validate', 'pair.yaml', 'pair.test.yaml'),
    run('validate', 'wrong.test.yaml'),
    run('test', 'pair.yaml', 'pair.test.yaml'),
    run('test', 'alone.yaml'),
  ]);
  expect(good).toMatchObject({ code: 0, stderr: '' });
  expect(good.stdout).toContain('pair.test.yaml: 1 scenario, no mistakes');
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/^wrong\.test\.yaml:2:5: /m);
  expect(beside).toMatchObject({ code: 0, stdout: expect.stringContaining('1 passed, 0 failed') });
  expect(alone.code).toBe(2);
  expect(alone.stderr).toContain('alone.test.yaml, which is not there');
});

test('--version prints that of the package', async () => {
  const { version } = JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as { version: string };
  expect(await run('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('simulate shows each touch in the lead’s local time, and an answer ends them', async () => {
  const args = ['simulate', library('classic.yaml'), '--leads', library('leads.csv')];
  const start = ['--start', '2026-03-09 09:00', '--time-zone', 'Europe/Berlin'];
  const [text, json, stranger, noTime] = await Promise.all([
    run(...args, ...start, '--event', `${ADA} replied +3d`),
    run(...args, ...start, '--json'),
    run(...args, '--event', 'nobody@x.test replied +3d'),
    run(...args, '--start', 'tomorrow'),
  ]);
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(
    /Ada Yılmaz <ada\.yilmaz@marmaralojistik\.example> \(Europe\/Istanbul\)\n {2}Mon 2026-03-09 11:00 {2}email/,
  );
  expect(text.stdout).toContain('stopped Thu 2026-03-12 11:00: replied (classic)');
  const result = json.json() as { start: string; leads: object[]; touches: { at: string; state: string }[] };
  expect(result.start).toBe('2026-03-09T08:00:00.000Z');
  expect(result.leads).toHaveLength(25);
  expect(result.touches[0]).toMatchObject({ state: 'sent', at: expect.stringMatching(/Z$/) });
  expect(stranger).toMatchObject({ code: 2, stdout: '' });
  expect(stranger.stderr).toContain('"nobody@x.test" is no lead of');
  expect(noTime).toMatchObject({ code: 2 });
});

test('preview renders each message from a CSV without a server, and names what is missing', async () => {
  write('leads.csv', 'email,first name\nada@x.test,Ada\nbob@x.test,\n');
  write(
    'greeting.yaml',
    'name: greeting\nsteps:\n  - id: hello\n    email: { subject: Hi, body: "Hello {{ lead.first_name }}" }\n',
  );
  const preview = (lead: string, ...more: string[]) =>
    run('preview', 'greeting.yaml', '--lead', lead, '--leads', 'leads.csv', ...more);
  const [ada, bob, nobody] = await Promise.all([
    preview('ada@x.test', '--json'),
    preview('bob@x.test'),
    preview('cy@x.test', '--json'),
  ]);
  expect(ada.code).toBe(0);
  expect(ada.json()).toMatchObject({
    messages: [
      { stepId: 'hello', channel: 'email', to: 'ada@x.test', rendered: { subject: 'Hi' }, missing: null },
    ],
  });
  expect(bob.code).toBe(1);
  expect(bob.stdout).toContain('missing: {{ lead.first_name }} has no value');
  expect(nobody.code).toBe(2);
  expect(nobody.json()).toMatchObject({ error: { code: 'not_found' } });
});

test('a CSV that cannot be taken is refused with a sentence; exit 2', async () => {
  const cases: [string, string][] = [
    ['', 'it is empty'],
    ['first name\nAda\n', 'email'],
    ['email,first name,First Name\na@x.test,A,B\n', 'both stand for'],
    ['email\n"a@x.test\n', 'quote'],
  ];
  for (const [csv, sentence] of cases) {
    write('cell.csv', csv);
    const error: unknown = await readLeadsFile(join(folder.path, 'cell.csv')).catch(
      (cause: unknown) => cause,
    );
    expect(explain(error)).toMatchObject({
      exitCode: 2,
      code: 'bad_csv',
      message: expect.stringContaining(sentence),
    });
  }
  write('bad.csv', 'email\n');
  const result = await run('simulate', library('classic.yaml'), '--leads', 'bad.csv', '--json');
  expect(result.code).toBe(2);
  expect(result.json()).toEqual({
    error: { code: 'bad_csv', message: 'The file cannot be imported: it has a header but no rows.' },
  });
});

test('wrong usage says what would be right; exit 2', async () => {
  const [typo, missing, unknown, scope, all, folder, number, json] = await Promise.all([
    run('wyh', 'ada'),
    run('why'),
    run('why', 'ada', '--jsn'),
    run('pause', 'planet', 'mars'),
    run('pause', 'all', 'mars'),
    run('validate', '.'),
    run('timeline', 'ada', '--limit', 'many'),
    run('launch', '--json'),
  ]);
  expect(typo).toMatchObject({ code: 2, stdout: '' });
  expect(typo.stderr).toContain('Did you mean why?');
  expect(missing).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("missing required argument 'lead'"),
  });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean --json?') });
  expect(scope).toMatchObject({
    code: 2,
    stderr: 'scope planet: it is one of lead, launch, sequence, sender, company, all.\n',
  });
  expect(all).toMatchObject({ code: 2, stderr: expect.stringContaining('takes no name') });
  expect(folder).toMatchObject({ code: 2, stderr: expect.stringContaining('is a folder') });
  expect(number).toMatchObject({ code: 2, stderr: '--limit many: give a whole number of at least 1.\n' });
  expect(json.code).toBe(2);
  expect(json.json()).toMatchObject({ error: { code: 'bad_usage' } });
});

test('without a stack a command says how to start one; exit 1', async () => {
  const [none, stale, wrong] = await Promise.all([
    run('status'),
    (async () => {
      const data = join(folder.path, 'gone');
      mkdirSync(data);
      const key = Buffer.alloc(32, 1).toString('base64');
      const env = {
        DATABASE_URL: 'postgres://cadenza:x@127.0.0.1:9/cadenza',
        TEMPORAL_ADDRESS: '127.0.0.1:9',
        CADENZA_ENCRYPTION_KEYS: `k:${key}`,
        CADENZA_HASH_KEY: key,
        CADENZA_TOKEN_KEY: key,
        CADENZA_PUBLIC_URL: 'http://127.0.0.1:9',
      };
      writeFileSync(join(data, 'stack.json'), JSON.stringify({ env }));
      return cadenza(['status'], { cwd: folder.path, env: { CADENZA_DATA_DIR: data } });
    })(),
    cadenza(['status', '--json'], { cwd: folder.path, env: { DATABASE_URL: 'mysql://x' } }),
  ]);
  expect(none).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('npm start') });
  expect(stale).toMatchObject({ code: 1, stderr: expect.stringContaining('not running any more') });
  expect(wrong.code).toBe(2);
  expect(wrong.json()).toMatchObject({
    error: {
      code: 'bad_configuration',
      message: expect.stringContaining('DATABASE_URL must start with postgres://'),
    },
  });
});

test('a reader that has had enough ends the command quietly', () => {
  const line = `node ${resolve('bin/cadenza.js')} simulate ${library('classic.yaml')} --leads ${library('leads.csv')} --json | head -n 1`;
  const { stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: folder.path, encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: '{\n', stderr: '' });
});

test('nothing is left in the folder by commands that only read', () => {
  expect(existsSync(join(folder.path, '.cadenza'))).toBe(false);
});
