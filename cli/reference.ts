/** docs/terminal.md, made from the commands themselves. */
import type { Command } from 'commander';

/** A command's words, such as `tasks done`. */
export function nameOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}

/** Every command that does something, in the order of the help; groups are left out. */
export function leafCommands(command: Command): readonly Command[] {
  return command.commands.flatMap((each) => (each.commands.length > 0 ? leafCommands(each) : [each]));
}

/** The whole help of a command, examples included. */
export function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return text;
}

const INTRODUCTION = `# The terminal

\`npx cadenza COMMAND\`. Commands that only read files (\`validate\`, \`test\`, \`simulate\`, \`preview --leads\`) need no server; \`up\` and \`demo\` bring their own; the others work on the stack that \`npm start\` keeps running in this folder, or on the one that DATABASE_URL and TEMPORAL_ADDRESS name (the environment or \`.env\`).

- **Exit codes**: 0 done, 1 failed, 2 bad usage or input.
- **\`--json\`**: the result, or \`{"error": {"code", "message", …}}\`, is the only thing on standard output. Progress and warnings go to standard error.
- **Leads** are named by email address, the CRM's id, LinkedIn URL, id, or a full name that only one lead has. Launches by name, tasks, touches, launches and endpoints by id or its first four characters or more.
- **Times** are shown in the lead's local time with its zone, others in this machine's. Type them as \`2026-03-12 09:00\`, as ISO with an offset, or as \`+3d\`, \`+2h\`, \`+90m\`.
- **Commands are in force when they return**: they are stored first, and workflows are told afterwards. Where telling fails it only warns, and the sweep looks within a minute.
- **Colours** only on a terminal, and not where NO_COLOR is set. Cells that a spreadsheet would run as a formula are made harmless in every CSV that is written.

`;

/** The reference as Markdown. */
export function referenceOf(program: Command): string {
  const commands = leafCommands(program);
  const list = commands.map(
    (command) => `- [${nameOf(command)}](#${nameOf(command).replaceAll(' ', '-')}): ${command.summary()}`,
  );
  const sections = commands.map(
    (command) => `## ${nameOf(command)}\n\n\`\`\`\n${helpOf(command).trim()}\n\`\`\`\n`,
  );
  return `${INTRODUCTION}${list.join('\n')}\n\n${sections.join('\n')}`;
}
