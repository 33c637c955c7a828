import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { CliError } from '../errors.ts';

export function addTest(program: Command): void {
  addCommand(program, 'test <file...>', {
    summary: 'run scenario tests of sequences, without any server',
    description:
      'A scenario file NAME.test.yaml stands beside NAME.yaml and says: given this lead, when that happens, then these touches at these times. Naming NAME.yaml runs the file beside it.',
    examples: ['test sequences/library/classic.test.yaml', 'test sequences/library/*.test.yaml --json'],
    local: true,
  }).action(
    action<[string[]], object>(async (out, [files]) => {
      const { isScenarioFile, runScenarioFile } = await import('../../sequences/simulate/index.ts');
      const scenarios = files.map((file) => {
        if (/\.test\.ya?ml$/.test(file) || isScenarioFile(readFileSync(file), file)) return file;
        return besideOf(file);
      });
      const reports = [...new Set(scenarios)].map((file) => runScenarioFile(file));
      const all = reports.flatMap((report) => report.scenarios);
      const failed = all.filter((scenario) => !scenario.passed).length;
      await out.result({ passed: all.length - failed, failed, reports }, () => {
        for (const report of reports) {
          out.line(`${report.file} (${report.sequence})`);
          for (const { name, line, passed, diff } of report.scenarios) {
            if (passed) out.line(`  ${out.colors.green('✓')} ${name}`);
            else {
              out.line(`  ${out.colors.red('✗')} ${name} (${report.file}:${line})`);
              for (const text of diff.split('\n')) out.line(`      ${colourDiff(text, out.colors)}`);
            }
          }
        }
        out.line(`${all.length - failed} passed, ${failed} failed`);
      });
      return failed > 0 ? 1 : 0;
    }),
  );
}

/** The scenarios of a definition. */
function besideOf(file: string): string {
  const beside = file.replace(/\.ya?ml$/, '') + '.test.yaml';
  if (existsSync(beside)) return beside;
  throw new CliError(`${file} has no scenarios: they belong in ${beside}, which is not there.`);
}

function colourDiff(
  line: string,
  colors: { red(text: string): string; green(text: string): string },
): string {
  if (line.startsWith('-')) return colors.red(line);
  return line.startsWith('+') ? colors.green(line) : line;
}
