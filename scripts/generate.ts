import { fileURLToPath } from 'node:url';
import { globSync } from './files.mjs';

/** Runs every generator, `scripts/generate-*.ts`: each writes its files when it is imported, or exports `generate`. */
export async function generate(): Promise<void> {
  const folder = fileURLToPath(new URL('.', import.meta.url)).replace(/[\\/]$/, '');
  for (const file of globSync(folder, '.ts').filter((path) => /\/generate-[^/]+$/.test(path))) {
    const module = (await import(file)) as { generate?: () => Promise<void> };
    await module.generate?.();
  }
}
