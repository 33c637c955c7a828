/** Writes docs/terminal.md, the reference of the commands, from the commands themselves. */
import { writeFileSync } from 'node:fs';
import { createProgram } from '../cli/program.ts';
import { referenceOf } from '../cli/reference.ts';

writeFileSync(new URL('../docs/terminal.md', import.meta.url), referenceOf(createProgram()));
