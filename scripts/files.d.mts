/** The files below `folder` whose names end so, as `folder/…/name` with forward slashes, sorted. */
export function globSync(folder: string, ending: string): string[];
