/** Work that takes long lets others have their turn, and ends. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { countSegment } from '../../../api/operations/count-segment.ts';
import { simulateMonth } from '../../../api/operations/simulate-month.ts';
import { createTurns } from '../../../api/v1/turns.ts';
import { parseSequence } from '../../../sequences/language/index.ts';
import { readLeadsCsv } from '../../../sequences/leads/read-csv.ts';
import { saveLead } from '../../../db/leads.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

/** How often others had their turn meanwhile. */
async function turns(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const timer = setInterval(() => count++, 1);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return count;
}

const emails = (count: number, body: string) =>
  `name: abc\nsteps:\n${Array.from({ length: count }, (_, n) => `  - email:\n      subject: Hi ${n}\n      body: "${body}"\n`).join('')}`;

test('a simulated month', async () => {
  const month = {
    sequence: parseSequence(emails(100, 'Hello'), 'abc.yaml'),
    others: [],
    leads: 50,
    events: [],
    start: Date.parse('2026-03-02T09:00:00Z'),
    timeZone: 'UTC',
    country: null,
    daysOff: [],
  };
  expect(await turns(() => simulateMonth(month))).toBeGreaterThan(5);
  let asked = 0;
  const enough = () => {
    if (++asked > 2) throw new Error('enough');
  };
  await expect(simulateMonth(month, enough)).rejects.toThrow('enough');
});

test('a large file of leads', async () => {
  const csv = `email,name\n${Array.from({ length: 40_000 }, (_, n) => `p${n}@lead.example,Ada ${n}`).join('\n')}`;
  let rows = 0;
  const count = await turns(async () => {
    for await (const _row of readLeadsCsv(csv)) rows++;
  });
  expect(rows).toBe(40_000);
  expect(count).toBeGreaterThan(5);
});

test('a condition that is slow for each lead', async () => {
  for (let n = 0; n < 60; n++) await saveLead(api.db, { emails: [`slow${n}@lead.example`] });
  const list = `[${Array.from({ length: 150 }, () => '0').join(', ')}]`;
  const where = `${list}.all(a, ${Array.from({ length: 40 }, () => '[a, a, a].size() == 3').join(' && ')})`;
  const count = await turns(() => countSegment(api.db, where, () => true, new AbortController().signal));
  expect(count).toBeGreaterThan(3);
});

test('previews of texts that loop for ever say so', async () => {
  const manager = await api.signedIn({ role: 'manager' });
  const loops = '{% for i in (1..2000) %}{% for j in (1..2000) %}{% assign x = 1 %}{% endfor %}{% endfor %}x';
  const source = emails(2, loops);
  const { status, body } = await manager.post('/sequences/abc/preview', { source });
  expect(status).toBe(200);
  for (const item of body.items) expect(item.problem).toContain('takes too long');
});

test.each([
  ['> '.repeat(45_000), 'nested too deep'],
  ['**a_'.repeat(22_000), 'more than 1,000 of *'],
  [`${'a'.repeat(90_000)}@`, 'a word of more than 2,000 letters'],
  [`a${' '.repeat(90_000)}b`, '1,000 spaces in a row'],
])('Markdown that no mail has is a mistake, and takes no seconds: %.12s', async (body, said) => {
  const manager = await api.signedIn({ role: 'manager' });
  const begun = performance.now();
  const { status, body: answer } = await manager.post('/sequence-validation', { source: emails(1, body) });
  expect(status).toBe(200);
  expect(answer.problems[0].message).toContain(said);
  expect(performance.now() - begun).toBeLessThan(2000);
});

test.each([
  ['_'.repeat(999), 999],
  ['_ '.repeat(999), 1998],
  ['> '.repeat(99), 198],
  [`${'a'.repeat(1999)} `.repeat(20), 40_000],
  [`${' '.repeat(999)}a`.repeat(40), 40_000],
  ['**a '.repeat(499), 1996],
])('Markdown just below what is refused is read quickly: %.4s, %i characters', async (body) => {
  const manager = await api.signedIn({ role: 'manager' });
  const begun = performance.now();
  const { body: answer } = await manager.post('/sequence-validation', {
    source: emails(1, `Hello\n\n${body}\n\nRosa`),
  });
  expect(JSON.stringify(answer.problems)).not.toMatch(/more than|too deep/);
  expect(performance.now() - begun).toBeLessThan(2000);
});

test('nobody has more than three of these under way', async () => {
  const takeTurn = createTurns();
  const asking = (id: string) =>
    [{ principalOrNull: { user: { id } } }, { raw: { destroyed: false } }] as unknown as [never, never];
  const ends: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => void ends.push(resolve));
  const begun = [1, 2, 3].map(() => takeTurn(...asking('rosa'), work));
  await expect(takeTurn(...asking('rosa'), work)).rejects.toMatchObject({ status: 429 });
  begun.push(takeTurn(...asking('bob'), work));
  ends.forEach((end) => end());
  await Promise.all(begun);
  await expect(takeTurn(...asking('rosa'), async () => 1)).resolves.toBe(1);
  const [request] = asking('rosa');
  const gone = { raw: { destroyed: true } } as never;
  await expect(takeTurn(request, gone, async (goOn) => goOn())).rejects.toMatchObject({ code: 'gone' });
});
