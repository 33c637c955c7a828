import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The files below `folder` whose names end so, as `folder/…/name` with forward slashes, sorted. */
export function globSync(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).replaceAll('\\', '/'))
    .sort();
}
