/** Reason words of enrollments, touches and decisions, said in plain words. A word that is not here is shown as it is. */
const SENTENCES: Readonly<Record<string, string>> = {
  // Why an enrollment waits.
  waits_for_capacity: 'It waits until its senders have room for new leads.',
  trying_again: 'It was held, and is being tried again.',
  reactivated: 'It goes on here after another sequence got no answer.',
  waits: 'It waits, as its sequence says.',
  waits_for_slot: 'Its next touch has a slot.',
  waits_for_connection: 'It waits until the lead accepts the LinkedIn invite.',
  being_sent: 'Its touch is being sent.',
  in_progress: 'It is being worked on.',
  task_open: 'It waits for somebody to complete a task.',
  unconfirmed: 'It is not known whether its last touch went out.',
  paused_all: 'Everything was paused when its touch was due.',
  paused_launch: 'Its launch was paused when its touch was due.',
  paused_sender: 'Its sender was paused or broken when its touch was due.',
  paused_company: 'Its company was paused when its touch was due.',
  paused_lead: 'The lead was paused when its touch was due.',
  missing_variable: 'A text names a variable that this lead does not have. Fill it in, then retry.',
  missing_field: 'A step needs a field that this lead does not have. Fill it in, then retry.',
  condition_failed: 'A condition could not be evaluated for this lead. Mend the lead’s fields, then retry.',
  // Why it ended.
  completed: 'The sequence came to its end.',
  ended: 'The sequence came to an end step.',
  goal: 'The lead reached the goal.',
  replied: 'The lead replied.',
  bounced: 'Mail to the lead bounced.',
  unsubscribed: 'The lead unsubscribed and will not be contacted again.',
  meeting_booked: 'A meeting was booked.',
  company_replied: 'Somebody at the same company replied.',
  company_bounced: 'Mail to somebody at the same company bounced.',
  company_unsubscribed: 'Somebody at the same company unsubscribed.',
  company_meeting_booked: 'Somebody at the same company booked a meeting.',
  company_goal: 'Somebody at the same company reached the goal.',
  stopped_by_person: 'Somebody stopped it.',
  launch_stopped: 'Its launch was stopped.',
  not_interested: 'The lead said on the phone that they are not interested.',
  suppressed: 'The lead must not be contacted.',
  step_failed: 'A step failed and the sequence says to stop then.',
  erased: 'The lead was erased.',
  // Why a touch did not happen.
  skipped_by_person: 'Somebody skipped it.',
  review_rejected: 'Somebody rejected its text.',
  settled_not_sent: 'Somebody found that it had not gone out.',
  gave_up: 'Nobody did the task in time.',
  not_connected: 'The lead is no LinkedIn connection.',
  already_connected: 'The lead is a LinkedIn connection already.',
  no_address: 'The lead has no address on that channel.',
  no_sender: 'No sender of that channel may be used.',
  cool_off: 'The lead was contacted too recently.',
  company_per_week: 'Enough people at the company were contacted this week.',
};

/** A sentence for a reason word. */
export function explainReason(reason: string): string {
  return SENTENCES[reason] ?? `The reason given is “${reason.replaceAll('_', ' ')}”.`;
}
