/** Providers without a wire: the step becomes a task for the rep. */
import type { Channel } from '../../sequences/lead.ts';
import type { Provider } from '../ports.ts';

/** `<channel>/manual`. `send` is a mistake of the caller's, which must make a task instead, and so fails the touch. */
export function createManualProvider(channel: Channel): Provider {
  return {
    id: `${channel}/manual`,
    mode: 'task',
    async send() {
      return {
        kind: 'failed',
        code: 'not_a_wire',
        detail: `${channel}/manual sends nothing by itself; its steps are tasks`,
      };
    },
    async find() {
      return { kind: 'cannot_say' };
    },
    async check() {
      return [{ name: 'Manual', ok: true, detail: 'nothing to connect: steps of this sender become tasks' }];
    },
    async close() {},
  };
}
