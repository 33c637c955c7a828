/** Why a file cannot be imported at all. */
export type LeadsCsvCode =
  | 'not_utf8'
  | 'utf16'
  | 'binary'
  | 'empty'
  | 'no_rows'
  | 'bad_header'
  | 'duplicate_column'
  | 'unknown_field'
  | 'unknown_column'
  | 'no_identity_column'
  | 'quote_not_closed'
  | 'record_too_long'
  | 'not_csv';

/** The file as a whole cannot be taken. `message` says what is wrong and what to do, for people. */
export class LeadsCsvError extends Error {
  override readonly name = 'LeadsCsvError';
  readonly code: LeadsCsvCode;
  /** Counted from 1; null when it concerns the whole file. */
  readonly line: number | null;

  constructor(code: LeadsCsvCode, message: string, line: number | null = null) {
    super(line === null ? `The file cannot be imported: ${message}` : `Line ${line}: ${message}`);
    this.code = code;
    this.line = line;
  }
}
