export function ensureWeb(say?: (line: string) => void): Promise<string>;
