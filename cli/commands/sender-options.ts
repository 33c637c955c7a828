/** What `senders add` and `senders update` are told by options. */
import type { Command } from 'commander';
import type { SenderChanges } from '../../db/senders.ts';
import { ACTIONS } from '../../sequences/lead.ts';
import { several } from '../command.ts';
import { CliError } from '../errors.ts';
import { jsonObject, wholeNumber } from '../options.ts';

export interface SenderOptions {
  readonly provider?: string;
  readonly name?: string;
  readonly owner?: string;
  readonly timeZone?: string;
  readonly settings?: Record<string, unknown>;
  readonly credential?: readonly string[];
  readonly attribute?: readonly string[];
  readonly cap?: readonly string[];
  readonly rampUp?: string;
  readonly gap?: number;
  readonly jitter?: number;
  readonly pauseAt?: readonly string[];
}

export function withSenderOptions(command: Command): Command {
  return command
    .option('--name <name>', 'who it is, as recipients see it')
    .option('--provider <provider>', 'smtp, unipile, twilio or manual (default: the channel’s usual one)')
    .option('--owner <owner>', 'the rep whose it is')
    .option('--time-zone <zone>', 'its local day counts for caps (default: this machine’s)')
    .option('--settings <json>', 'the provider’s settings that are not secret', jsonObject('--settings'))
    .option(
      '--credential <KEY=SOURCE>',
      'KEY=- from standard input, KEY=env:NAME, KEY=@FILE (repeatable)',
      several,
    )
    .option('--attribute <name=value>', 'what texts may name as sender.attributes (repeatable)', several)
    .option('--cap <action=day[/week]>', 'how many a day, and in any seven days (repeatable)', several)
    .option('--ramp-up <start+add>', 'a new sender: so many on the first day, and so many more each day')
    .option('--gap <seconds>', 'at least between two touches', wholeNumber('--gap'))
    .option('--jitter <seconds>', 'up to so many more, by chance', wholeNumber('--jitter'))
    .option(
      '--pause-at <what=number>',
      'bounced=PERCENT of the last 200 messages (5), complaints=NUMBER among the last 1,000 (2); repeatable',
      several,
    );
}

type Changes = Partial<
  Pick<
    SenderChanges,
    'name' | 'provider' | 'owner' | 'timeZone' | 'settings' | 'caps' | 'rampUp' | 'reputation'
  >
> &
  Record<string, unknown>;

export async function readSenderOptions(options: SenderOptions): Promise<Changes> {
  const { wallNow } = await import('../../common/clock.ts');
  const { readCredentials } = await import('../credentials.ts');
  return {
    ...(options.name !== undefined && { name: options.name }),
    ...(options.provider !== undefined && { provider: options.provider }),
    ...(options.owner !== undefined && { owner: options.owner }),
    ...(options.timeZone !== undefined && { timeZone: options.timeZone }),
    ...(options.settings !== undefined && { settings: options.settings }),
    ...(options.attribute && { attributes: Object.fromEntries(options.attribute.map(pairOf)) }),
    ...(options.cap && { caps: Object.fromEntries(options.cap.map(capOf)) }),
    ...(options.rampUp !== undefined && { rampUp: rampUpOf(options.rampUp, wallNow()) }),
    ...(options.gap !== undefined && { minGapSeconds: options.gap }),
    ...(options.jitter !== undefined && { jitterSeconds: options.jitter }),
    ...(options.pauseAt && { reputation: Object.fromEntries(options.pauseAt.map(pauseAtOf)) }),
    ...(options.credential && { credentials: await readCredentials(options.credential) }),
  };
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new CliError(`--attribute ${text}: write it as name=value.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function capOf(text: string): [string, { day: number; week?: number }] {
  const [, name = '', day, week] = /^([a-z]+)=(\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  const known = ACTIONS.find((one) => one === name);
  if (!known || day === undefined) {
    throw new CliError(
      `--cap ${text}: write it as action=day or action=day/week, such as email=50 or invite=20/100. Actions: ${ACTIONS.join(', ')}.`,
    );
  }
  return [known, { day: Number(day), ...(week !== undefined && { week: Number(week) }) }];
}

const THRESHOLDS: Readonly<Record<string, string>> = { bounced: 'bounced_percent', complaints: 'complaints' };

function pauseAtOf(text: string): [string, number] {
  const [, what = '', number] = /^([a-z]+)=(\d+(?:\.\d+)?)%?$/.exec(text) ?? [];
  const known = THRESHOLDS[what];
  if (!known || number === undefined)
    throw new CliError(`--pause-at ${text}: write it as bounced=5 (percent) or complaints=2.`);
  return [known, Number(number)];
}

function rampUpOf(text: string, now: number): SenderChanges['rampUp'] {
  if (text === 'none') return null;
  const [, start, add] = /^(\d+)\+(\d+)$/.exec(text) ?? [];
  if (start === undefined) {
    throw new CliError(
      `--ramp-up ${text}: write it as start+add, such as 5+5: five today, ten tomorrow, …; or none.`,
    );
  }
  return { start: Number(start), add_per_day: Number(add), from: new Date(now).toISOString().slice(0, 10) };
}
