import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import type { MailVerdict } from '../../providers/email/incoming/index.ts';
import { words } from '../output/text.ts';

interface Classified extends Pick<MailVerdict, 'class' | 'returnDate' | 'replyText' | 'language'> {
  readonly file: string;
  readonly bounce: Omit<NonNullable<MailVerdict['bounce']>, 'detail'> | null;
}

export function addClassify(program: Command): void {
  addCommand(program, 'classify <file...>', {
    summary: 'say what incoming mail is: an answer, a bounce, an absence',
    description:
      'Reads messages as files (.eml); of a folder, every .eml in it. Needs no database. The class is one of human, bounce, delayed, auto_reply, out_of_office, left_company, complaint, unsubscribe, own, other.',
    examples: ['classify reply.eml', 'classify inbox/ --json'],
    local: true,
  })
    .option('--own <address...>', 'addresses of ours: what they wrote is no answer')
    .action(
      action<[string[]], { own?: string[] }>(async (out, [paths], { own = [] }) => {
        const { readMail, classifyMail } = await import('../../providers/email/incoming/index.ts');
        const ownAddresses = new Set(own.map((address) => address.toLowerCase()));
        const results: Classified[] = [];
        for (const file of await filesOf(paths)) {
          const mail = await readMail(createReadStream(file));
          const now = (await stat(file)).mtimeMs;
          const {
            class: kind,
            bounce,
            returnDate,
            replyText,
            language,
          } = classifyMail(mail, { now, ownAddresses });
          results.push({
            file,
            class: kind,
            bounce: bounce && { kind: bounce.kind, status: bounce.status, recipient: bounce.recipient },
            returnDate,
            replyText,
            language,
          });
        }
        await out.result(results, () =>
          out.table(
            ['FILE', 'CLASS', 'STATUS', 'RECIPIENT', 'BACK', 'LANGUAGE', 'TEXT'],
            results.map((one) => [
              one.file,
              one.bounce ? `${words(one.class)}, ${words(one.bounce.kind)}` : words(one.class),
              one.bounce?.status ?? '',
              one.bounce?.recipient ?? '',
              one.returnDate ?? '',
              one.language ?? '',
              (one.replyText ?? '').split('\n')[0]!.slice(0, 50),
            ]),
          ),
        );
      }),
    );
}

async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (!found) throw new CliError(`There is no file ${path}.`);
    if (!found.isDirectory()) {
      files.push(path);
      continue;
    }
    const inside = await readdir(path, { recursive: true });
    files.push(
      ...inside
        .filter((name) => name.endsWith('.eml'))
        .sort()
        .map((name) => join(path, name)),
    );
  }
  if (files.length === 0) throw new CliError('There is no .eml file in there.');
  return files;
}
