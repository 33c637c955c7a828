import { common } from './common.ts';
import { analytics } from './analytics.ts';
import { inbox } from './inbox.ts';
import { launches } from './launches.ts';
import { lead } from './lead.ts';
import { leads } from './leads.ts';
import { sequences } from './sequences.ts';
import { settings } from './settings.ts';
import { today } from './today.ts';
import { why } from './why.ts';

export const en = { common, today, inbox, lead, leads, sequences, launches, analytics, settings, why };
