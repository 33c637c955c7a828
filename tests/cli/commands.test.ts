import { expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { createProgram } from '../../cli/program.ts';
import { helpOf, leafCommands, nameOf, referenceOf } from '../../cli/reference.ts';

const leaves = leafCommands(createProgram());
const groups = (command: Command): Command[] =>
  command.commands.flatMap((each) => (each.commands.length > 0 ? [each, ...groups(each)] : []));

test('every command that the terminal promises is there', () => {
  const promised =
    'up, demo, validate, simulate, test, import, launch, publish, status, timeline, why, pause, resume, stop, skip, reschedule, tasks list, tasks show, tasks done, touches list, touches settle, event, preview, senders add, senders list, senders check, senders repair, webhooks add, webhooks list, webhooks log, webhooks replay, webhooks rotate, webhooks remove, webhooks enable, leads show, leads export, leads erase, leads suppress';
  expect(leaves.map(nameOf)).toEqual(expect.arrayContaining(promised.split(', ')));
});

test.each(leaves.map((command) => [nameOf(command), command] as const))(
  '%s says what it does, with --json and an example that parses',
  (name, command) => {
    expect(command.summary()).toMatch(/^[a-z].*[^.]$/);
    expect(command.options.map((option) => option.long)).toContain('--json');
    const examples = [...helpOf(command).matchAll(/^ {2}\$ cadenza (.+)$/gm)].map(([, line]) => line!);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(example.startsWith(name)).toBe(true);
      const known = new Set(command.options.map((option) => option.long));
      const used = example.match(/(?<= )--[a-z-]+/g) ?? [];
      expect(used.filter((option) => !known.has(option))).toEqual([]);
      for (const option of command.options.filter((each) => each.mandatory)) {
        expect(used).toContain(option.long);
      }
    }
  },
);

test('groups have examples too', () => {
  for (const group of groups(createProgram())) expect(helpOf(group)).toContain('$ cadenza');
});

test('docs/terminal.md is what the commands say (npm run generate makes it)', () => {
  expect(readFileSync('docs/terminal.md', 'utf8')).toBe(referenceOf(createProgram()));
});
