/** Reason words of enrollments, touches and decisions, said in plain words. A word that is not here is shown as it is. */
const SENTENCES: Readonly<Record<string, string>> = {
  // Why an enrollment waits.
  waits_for_capacity: 'It waits until its senders have room for new leads.',
  trying_again: 'It was held, and is being tried again.',
  reactivated: 'It goes on here after another sequence got no answer.',
  starting: 'It is about to start.',
  waits: 'It waits, as its sequence says.',
  waits_for_slot: 'Its next touch has a slot.',
  waits_for_connection: 'It waits until the lead accepts the LinkedIn invite.',
  being_sent: 'Its touch is being sent.',
  in_progress: 'It is being worked on.',
  task_open: 'It waits for somebody to complete a task.',
  unconfirmed: 'It is not known whether its last touch went out.',
  mailbox_not_read:
    'The mailbox that the lead may have answered to cannot be read at present; nothing is sent until it is. “senders list” says why.',
  paused_all: 'Everything was paused when its touch was due.',
  paused_launch: 'Its launch was paused when its touch was due.',
  paused_sender: 'Its sender was paused or broken when its touch was due.',
  paused_company: 'Its company was paused when its touch was due.',
  paused_absence: 'Whose lead or sender it is was on leave when its touch was due.',
  paused_lead: 'The lead was paused when its touch was due.',
  missing_variable: 'This lead lacks what a text names; fill it in, then retry.',
  text_too_long: 'A text is too long for its channel with this lead’s values. Shorten it, then retry.',
  unsafe_value: 'A value of this lead cannot stand where the text puts it. Mend it, then retry.',
  template_failed: 'A text could not be rendered for this lead. Mend the text or the lead, then retry.',
  no_free_slot: 'Its senders have no free slot within a year. Raise a cap or add a sender, then retry.',
  window_never_opens:
    'Its window never opens: no day that it names is a working day there. Change the window.',
  sender_unreadable: 'The sender’s credentials cannot be read. Enter them again, then retry.',
  missing_field: 'A step needs a date that this lead does not have. Fill it in, then retry.',
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
  by_a_person: 'Somebody decided it.',
  reported_by_person: 'Somebody said so.',
  chosen_by_lead: 'The lead chose it.',
  launch_stopped: 'Its launch was stopped.',
  not_interested: 'The lead said on the phone that they are not interested.',
  suppressed: 'The lead must not be contacted.',
  // Why a launch left somebody out.
  already_active: 'The lead is in a sequence, or was in this launch.',
  no_reachable_channel:
    'The lead has no address on a channel of the sequence, or that channel has no sender.',
  no_consent: 'The lead has not agreed to be contacted.',
  invalid: 'There is no such lead, or it was erased.',
  step_failed: 'A step failed and the sequence says to stop then.',
  erased: 'The lead was erased.',
  // Why a touch did not happen.
  skipped_by_person: 'Somebody skipped it.',
  review_rejected: 'Somebody rejected its text.',
  settled_not_sent: 'Somebody found that it had not gone out.',
  gave_up: 'Nobody did the task in time.',
  not_connected: 'The lead is no LinkedIn connection.',
  already_connected: 'The lead is a LinkedIn connection already.',
  no_email: 'The lead has no email address.',
  no_phone: 'The lead has no phone number.',
  no_linkedin: 'The lead has no LinkedIn profile.',
  no_channel: 'The lead cannot be reached on any channel that this step may take.',
  no_sender: 'No sender of that channel may be used.',
  whatsapp_window_closed: 'The lead’s last WhatsApp message is more than 24 hours old.',
  undelivered: 'It came back undelivered and may arrive another time.',
  goes_back: 'What was sent before it came back and is sent again first.',
  sender_broken: 'Its sender is broken.',
  route_changed: 'Another channel or sender is the right one now.',
  outcome_unknown: 'The provider did not say whether it went out.',
  slot_released: 'Its slot was given back.',
  not_booked: 'It had no slot any more.',
  no_such_sequence: 'The sequence that it was to go on in is not there.',
  by_machine: 'A machine did it, not a person.',
  window: 'Its window was closed.',
  cap: 'Its sender had sent enough for the day.',
  gap: 'Its sender had just sent something.',
  cool_off: 'The lead was contacted too recently.',
  company_per_week: 'Enough people at the company were contacted this week.',
};

/** Every reason word that has a sentence. */
export const REASONS: readonly string[] = Object.keys(SENTENCES);

/** A sentence for a reason word; what follows a colon in it is what it is about (`missing_variable:lead.title`). */
export function explainReason(reason: string): string {
  const [word, about] = reason.split(':', 2) as [string, string | undefined];
  const sentence = SENTENCES[word] ?? `The reason given is “${word.replaceAll('_', ' ')}”.`;
  return about === undefined ? sentence : `${sentence.replace(/\.$/, '')} (${about}).`;
}
