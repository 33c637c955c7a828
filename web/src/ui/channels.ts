/** Where a lead is reached. */
export const CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp', 'call'] as const;
/** What a sender sends by: a task is a person's own work. */
export const SENDER_CHANNELS = [...CHANNELS, 'task'] as const;
