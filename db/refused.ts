/** What a person asked for and cannot have; the message is for them and says what to do instead. */
export type RefusalCode =
  | 'not_found'
  | 'ambiguous'
  | 'erased'
  | 'not_running'
  | 'already_done'
  | 'cancelled'
  | 'bad_outcome'
  | 'bad_text'
  | 'bad_name'
  | 'suppressed'
  | 'window_closed'
  | 'sender_broken'
  | 'nothing_to_wait_for'
  | 'bad_time'
  | 'bad_range'
  | 'being_sent'
  | 'unconfirmed'
  | 'not_unconfirmed'
  | 'no_guess'
  | 'not_held'
  | 'nothing_to_move'
  | 'cannot_ring'
  | 'changed_meanwhile'
  | 'last_admin'
  | 'identity_taken'
  | 'bad_colleague'
  | 'not_yet'
  | 'under_way'
  | 'not_kept'
  | 'too_many';

/** A command that was refused as a whole: nothing changed. */
export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
