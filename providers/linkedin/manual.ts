import type { Provider } from '../ports.ts';
import { createManualProvider } from '../task/manual.ts';

/** `linkedin/manual`, the default for LinkedIn: its user agreement (§8.2) forbids automated connecting and messaging, so a person does it. */
export function createManualLinkedinProvider(): Provider {
  return createManualProvider('linkedin');
}
