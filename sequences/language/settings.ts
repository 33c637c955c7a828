import type { EventRule, OutsideEvent, Plan, SequenceSettings } from '../plan.ts';
import type { SourceDocument } from './document.ts';
import { DURATION, parseDuration } from './duration.ts';
import { quote, suggest, type Problem } from './problems.ts';
import { stopOnSchema, windowSchema } from './schema-parts.ts';
import type { SequenceDefinition } from './schema.ts';
import { isFields } from './walk.ts';

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Checks what the schema cannot say about the settings: hours in order, time zones and countries that exist. */
export function checkSettings(document: SourceDocument): readonly Problem[] {
  return [...checkWindow(document), ...checkOutOfOffice(document)];
}

/** An absence is days of the calendar: who is away does not come back for working days. */
function checkOutOfOffice(document: SourceDocument): readonly Problem[] {
  const away = isFields(document.value) ? document.value.out_of_office : null;
  if (typeof away !== 'string' || !DURATION.test(away) || parseDuration(away).unit !== 'business_days')
    return [];
  return [
    document.at(
      ['out_of_office'],
      'an absence is not counted in business days',
      'for example 7 days, 1 week',
    ),
  ];
}

function checkWindow(document: SourceDocument): readonly Problem[] {
  const window = isFields(document.value) ? document.value.window : null;
  if (!isFields(window)) return [];
  const problems: Problem[] = [];
  const { from = '09:00', to = '17:00', time_zone: zone, holidays, days } = window;
  if (typeof from === 'string' && typeof to === 'string' && from >= to) {
    const field = window.to === undefined ? 'from' : 'to';
    problems.push(
      document.at(
        ['window', field],
        `the window ends (${to}) before it begins (${from})`,
        'from is earlier than to, on the same day',
      ),
    );
  }
  if (typeof zone === 'string' && !['lead', 'sender', 'launch'].includes(zone) && !isZone(zone)) {
    const known = ['lead', 'sender', 'launch', ...Intl.supportedValuesOf('timeZone')];
    problems.push(
      document.at(
        ['window', 'time_zone'],
        `there is no time zone ${quote(zone)}`,
        suggest(zone, known, 'use'),
      ),
    );
  }
  if (Array.isArray(holidays)) {
    holidays.forEach((country, index) => {
      if (typeof country !== 'string' || !/^[A-Z]{2}(-|$)/.test(country) || isCountry(country.slice(0, 2)))
        return;
      problems.push(
        document.at(
          ['window', 'holidays', index],
          `there is no country ${quote(country)}`,
          'two letters of ISO 3166-1, for example DE, FR, GB',
        ),
      );
    });
  }
  if (Array.isArray(days)) {
    days.forEach((day, index) => {
      if (days.indexOf(day) < index)
        problems.push(document.at(['window', 'days', index], `${quote(String(day))} is given twice`));
    });
  }
  return problems;
}

/** The settings with every default filled in. */
export function compileSettings(definition: SequenceDefinition): SequenceSettings {
  const window = windowSchema.parse(definition.window ?? {});
  const limits = definition.contact_limits;
  const away = definition.out_of_office;
  const { opens = false, clicks = false } = definition.tracking ?? {};
  return {
    window: {
      days: window.days.map((day) => WEEKDAYS.indexOf(day) + 1).sort((a, b) => a - b),
      from: window.from,
      to: window.to,
      timeZone: window.time_zone,
      holidays: window.holidays === 'none' ? [] : window.holidays,
    },
    contactLimits: {
      coolOff: limits?.cool_off === undefined ? null : parseDuration(limits.cool_off),
      companyPerWeek: limits?.company_per_week ?? null,
    },
    ...(away !== undefined && { outOfOffice: parseDuration(away) as SequenceSettings['outOfOffice'] & {} }),
    ...((opens || clicks) && { tracking: { opens, clicks } }),
    senders: Object.fromEntries(
      Object.entries(definition.senders ?? {}).filter(([, names]) => names.length > 0),
    ),
    tags: definition.tags ?? [],
    ...(definition.enroll_on && { enrollOn: definition.enroll_on.map(compileRule) }),
  };
}

/** The stop rules with every default filled in. */
export function compileStopRules(definition: SequenceDefinition): Pick<Plan, 'stopOn' | 'stopOnEvents'> {
  const { events = [], ...stopOn } = stopOnSchema.parse(definition.stop_on ?? {});
  return {
    stopOn,
    ...(events.length > 0 && {
      stopOnEvents: events.map(({ scope = 'lead', ...rule }) => ({ ...compileRule(rule), scope })),
    }),
  };
}

function compileRule({ event, where }: { event: string; where?: string | undefined }): EventRule {
  return { event: event as OutsideEvent, ...(where !== undefined && { where: where.trim() }) };
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function isCountry(code: string): boolean {
  return new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }).of(code) !== undefined;
}
