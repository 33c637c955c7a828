import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { StepCopy } from '../plan.ts';

/** Reads an attachment by the path that the definition gives. @throws AttachmentError */
export type ReadAttachment = (path: string) => Uint8Array;

/** An attachment that cannot be taken; `message` says why and `hint` what to do. */
export class AttachmentError extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.name = 'AttachmentError';
    this.hint = hint;
  }
}

/** Bytes of all attachments of one email: mail providers take 25 MB, encoded, at the most. */
export const MAX_ATTACHMENTS = 10_000_000;

/** Reads files in the folder of the definition and below it, and no others. */
export function readBeside(definition: string): ReadAttachment {
  const folder = dirname(resolve(definition));
  return (path) => {
    if (isAbsolute(path) || path.includes('\0') || leaves(folder, resolve(folder, path))) throw outside(path);
    try {
      // A link may lead out of the folder.
      const real = realpathSync(resolve(folder, path));
      if (leaves(realpathSync(folder), real)) throw outside(path);
      const stats = statSync(real);
      if (!stats.isFile())
        throw new AttachmentError(`${path} is not a file`, 'attachments are files beside the definition');
      if (stats.size > MAX_ATTACHMENTS) throw tooLarge(stats.size);
      return readFileSync(real);
    } catch (error) {
      if (error instanceof AttachmentError) throw error;
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (code === 'ENOENT' || code === 'ENOTDIR')
        throw new AttachmentError(`there is no file ${path}`, 'paths are relative to the definition');
      throw new AttachmentError(`${path} cannot be read (${code})`, 'check its permissions');
    }
  };
}

/** An attachment's bytes as the copy holds them. @throws AttachmentError */
export function toAttachment(path: string, bytes: Uint8Array): NonNullable<StepCopy['attachments']>[number] {
  if (bytes.byteLength > MAX_ATTACHMENTS) throw tooLarge(bytes.byteLength);
  if (bytes.byteLength === 0) throw new AttachmentError(`${path} is empty`, 'attach the finished file');
  const name = basename(path.replaceAll('\\', '/')).replace(/[\p{Cc}"]/gu, '_');
  const contentType = CONTENT_TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream';
  return { name, contentType, base64: Buffer.from(bytes).toString('base64') };
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.gif': 'image/gif',
  '.html': 'text/html',
  '.ics': 'text/calendar',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.vcf': 'text/vcard',
  '.webp': 'image/webp',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.zip': 'application/zip',
};

function leaves(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

function outside(path: string): AttachmentError {
  return new AttachmentError(
    `${path} is outside the definition's folder`,
    'put the file beside the definition',
  );
}

function tooLarge(bytes: number): AttachmentError {
  return new AttachmentError(
    `attachments of ${(bytes / 1e6).toFixed(1)} MB; an email takes ${MAX_ATTACHMENTS / 1e6} MB`,
    'send a link instead',
  );
}
