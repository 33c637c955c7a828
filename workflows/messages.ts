/** The names by which workflows are started, woken and asked; without any import, for every side. */

/** Something was stored in PostgreSQL for this workflow: look. Carries nothing (promise 8). */
export const WAKE = 'wake';
/** Query: where the lead stands. */
export const PROGRESS = 'progress';

export interface Progress {
  readonly step: string | null;
  readonly phase: string;
  /** Business instant (UTC ms) at which the present sleep ends; null: only an event ends it. */
  readonly until: number | null;
}

export interface EnrollmentInput {
  readonly enrollmentId: string;
}

export interface LaunchInput {
  readonly launchId: string;
}

/** Workflow ids derive from row ids, so starting twice is starting once. */
export const enrollmentWorkflowId = (enrollmentId: string): string => `enrollment/${enrollmentId}`;
export const launchWorkflowId = (launchId: string): string => `launch/${launchId}`;
export const mailboxWorkflowId = (senderId: string): string => `mailbox/${senderId}`;
export const crmWorkflowId = (endpointId: string): string => `crm/${endpointId}`;
