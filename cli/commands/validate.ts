import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { explain } from '../errors.ts';
import { count } from '../output/text.ts';

interface Checked {
  readonly file: string;
  readonly ok: boolean;
  readonly sequence?: string;
  readonly steps?: number;
  /** Of a file of scenarios: how many. */
  readonly scenarios?: number;
  readonly problems?: readonly unknown[];
}

export function addValidate(program: Command): void {
  addCommand(program, 'validate <file...>', {
    summary: 'check sequence files and scenario files, and say what is wrong with them, with line and column',
    examples: [
      'validate sequences/library/classic.yaml',
      'validate sequences/library/classic.yaml sequences/library/recruitment.yaml --json',
    ],
    local: true,
  }).action(
    action<[string[]], object>(async (out, [files]) => {
      const [{ readSequenceFiles }, { isScenarioFile, parseScenarioFile }] = await Promise.all([
        import('../../api/operations/read-sequence-files.ts'),
        import('../../sequences/simulate/index.ts'),
      ]);
      const results: Checked[] = [];
      const messages: string[] = [];
      for (const file of files) {
        try {
          const source = readFileSync(file);
          if (isScenarioFile(source, file)) {
            results.push({ file, ok: true, scenarios: parseScenarioFile(source, file).scenarios.length });
            continue;
          }
          const { main } = readSequenceFiles(file);
          results.push({
            file,
            ok: true,
            sequence: main.name,
            steps: Object.keys(main.plan.nodes).length,
          });
        } catch (error) {
          const told = explain(error);
          if (told.unexpected) throw error;
          messages.push(told.message);
          const problems = (told.details?.problems as readonly unknown[] | undefined) ?? [
            { file, message: told.message },
          ];
          results.push({ file, ok: false, problems });
        }
      }
      await out.result({ files: results }, () => {
        for (const { file, ok, sequence, steps, scenarios } of results) {
          if (!ok) continue;
          const what =
            scenarios === undefined
              ? `${sequence}, ${count(steps ?? 0, 'step')}`
              : count(scenarios, 'scenario');
          const more = scenarios === undefined ? '' : `; cadenza test ${file} runs them`;
          out.line(`${out.colors.green('✓')} ${file}: ${what}, no mistakes${more}`);
        }
      });
      for (const message of messages) out.note(message);
      return messages.length > 0 ? 2 : 0;
    }),
  );
}
