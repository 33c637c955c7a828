/** The local stack cannot start or go on; the message says why and what to do, for people. */
export class LocalStackError extends Error {
  override readonly name = 'LocalStackError';
}
