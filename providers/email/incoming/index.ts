/** What arrives in a mailbox, understood without asking anybody: pure, so that it can be tried on any file. */
export { classifyMail } from './classify.ts';
export { wishesNoContact } from './opt-out.ts';
export { readMail } from './read.ts';
export { createSkimmer } from './skim.ts';
export type { BounceKind, IncomingMail, MailVerdict } from './types.ts';
