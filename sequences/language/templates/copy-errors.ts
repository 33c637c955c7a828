/** Why a copy cannot be rendered for this lead; the lead is held with `code`. Carries names and lengths, never a value. */
export class CopyError extends Error {
  /** A snake_case word. */
  readonly code: 'missing_variable' | 'text_too_long' | 'unsafe_value' | 'template_failed';

  constructor(code: CopyError['code'], message: string) {
    super(message);
    this.name = 'CopyError';
    this.code = code;
  }
}

/** A variable that the text needs has no value for this lead (promise 7). */
export class MissingVariable extends CopyError {
  /** As it is written in the template, e.g. `lead.first_name`. */
  readonly variable: string;

  constructor(variable: string) {
    super('missing_variable', `${variable} has no value for this lead, and the text has no default for it`);
    this.name = 'MissingVariable';
    this.variable = variable;
  }
}
