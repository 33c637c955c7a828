import { Environment } from '@marcbachmann/cel-js';
import { LEAD_EVENTS } from '../../plan.ts';
import { CONSENT_FIELDS, LEAD_FIELDS } from '../known-names.ts';

/** Bounds on an expression; a condition is a line. */
const LIMITS = {
  maxAstNodes: 500,
  maxDepth: 40,
  maxListElements: 200,
  maxMapEntries: 50,
  maxCallArguments: 8,
};

/** The name under which `has(…)` is looked up; not a word that a condition can write. */
export const PRESENT = 'present_';

const LEAD_SCHEMA = Object.fromEntries(
  Object.entries(LEAD_FIELDS).map(([name, field]) => {
    switch (field.type) {
      case 'text':
        return [name, 'string'];
      case 'list':
        return [name, 'list<string>'];
      case 'group':
        return [name, Object.fromEntries(CONSENT_FIELDS.map((field) => [field, 'string']))];
      case 'custom':
        return [name, 'map<string, dyn>'];
    }
  }),
) as Record<string, string>;

const HAPPENED_SCHEMA = Object.fromEntries(LEAD_EVENTS.map((event) => [event, 'bool']));

/** Names and types a segment can use: the lead alone. */
export const segmentEnvironment = new Environment({ limits: LIMITS })
  .registerVariable({ name: 'lead', schema: LEAD_SCHEMA })
  .registerVariable(PRESENT, 'map<string, bool>');

/** Names and types an `if` step can use: the lead and what became of the enrollment so far. */
export const conditionEnvironment = segmentEnvironment
  .clone()
  .registerVariable({ name: 'happened', schema: HAPPENED_SCHEMA })
  .registerVariable('outcomes', 'map<string, string>')
  .registerVariable('sent', 'map<string, bool>')
  .registerVariable('events', 'list<string>');

/** Names and types a `where` can use: the lead and the data of an event. */
export const eventEnvironment = segmentEnvironment.clone().registerVariable('data', 'map<string, dyn>');

/** The names at the top, for suggestions. */
export const SEGMENT_NAMES = ['lead'] as const;
export const CONDITION_NAMES = ['lead', 'happened', 'outcomes', 'sent', 'events'] as const;
export const EVENT_NAMES = ['lead', 'data'] as const;
