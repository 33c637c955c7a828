import { randomUUID } from 'node:crypto';
import type { Outgoing, SenderAccount } from '../../../providers/ports.ts';

export function emailSender(
  port: number,
  more: { settings?: Record<string, unknown>; credentials?: Record<string, string> } = {},
): SenderAccount {
  return {
    id: randomUUID(),
    channel: 'email',
    provider: 'smtp',
    name: 'Ada Lovelace',
    address: 'ada@acme.test',
    settings: { host: '127.0.0.1', port, security: 'none', ...more.settings },
    credentials: more.credentials ?? {},
  };
}

export function touch(more: Partial<Outgoing> = {}): Outgoing {
  return {
    touchId: randomUUID(),
    action: 'email',
    to: 'lead@example.test',
    toName: 'Grace Hopper',
    subject: 'Hello',
    text: 'Hello Grace',
    ...more,
  };
}
