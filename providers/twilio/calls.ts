/** Calls: the step is a task for the rep; Twilio only connects the two when the rep asks for it. */
import twilio from 'twilio';
import type { Provider, SenderAccount, SendResult } from '../ports.ts';
import { createManualProvider } from '../task/manual.ts';
import { checkAccount } from './account.ts';
import { classifyTwilio } from './classify.ts';
import { reachable, twilioClient } from './client.ts';

/** Whom to connect, both E.164. */
export interface CallRequest {
  readonly repNumber: string;
  readonly leadNumber: string;
  /** Where Twilio tells how the call ended, for each of the two phones: `leg`, `rep` or `lead`, is added to its query. */
  readonly tell: string;
}

/** `call/twilio`: a task, with `clickToCall` at the rep's hand. */
export function createTwilioCalls(): Provider {
  return {
    ...createManualProvider('call'),
    id: 'call/twilio',
    check: checkAccount,
    assertSettings: twilioClient,
  };
}

/**
 * Rings the rep and, once they have picked up, bridges the lead, who sees the sender's number. The call's outcome is the rep's to set.
 * The answer is sorted as a send's; `sent` means that the rep's phone rings.
 */
export async function clickToCall(sender: SenderAccount, call: CallRequest): Promise<SendResult> {
  try {
    const { client, settings } = twilioClient(sender);
    const tell = reachable(settings, call.tell);
    const response = new twilio.twiml.VoiceResponse();
    response
      .dial({ callerId: sender.address, answerOnBridge: true })
      .number(
        tell ? { statusCallback: legOf(tell, 'lead'), statusCallbackEvent: ['completed'] } : {},
        call.leadNumber,
      );
    const made = await client.calls.create({
      to: call.repNumber,
      from: sender.address,
      twiml: response.toString(),
      timeout: 30,
      ...(tell && { statusCallback: legOf(tell, 'rep') }),
    });
    return { kind: 'sent', providerId: made.sid };
  } catch (error) {
    return classifyTwilio(error);
  }
}

function legOf(tell: string, leg: 'rep' | 'lead'): string {
  const url = new URL(tell);
  url.searchParams.set('leg', leg);
  return url.href;
}
