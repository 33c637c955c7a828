#!/usr/bin/env node
import { ensureSetUp } from '../scripts/setup.mjs';

await ensureSetUp();
const { register } = await import('tsx/esm/api');
register();
await import('../cli/main.ts');
