/** SQL that questions about launches and the leads in them share. */
import { sequenceOf } from './scopes.ts';

/** The lead `l`, as a person calls them. */
export const NAME_OF_LEAD = `coalesce(nullif(trim(concat_ws(' ', l.first_name, l.last_name)), ''), l.emails[1], l.phones[1], l.external_id, l.id::text)`;

/** Condition that the lead `l` belongs to one of the owners in a parameter (null there: everybody's), or to nobody, if that is seen. */
export const OWNED = (owners: string, unowned: boolean): string =>
  `(${owners}::text[] is null or lower(l.owner) = any(${owners})${unowned ? ' or l.owner is null' : ''})`;

/** The widest scope that is paused and covers the launch `n`: all, sequence or launch; null: none. */
export const PAUSE_OF_LAUNCH = `(select p.scope from pauses p where p.ended_at is null and p.scope in ('all', 'sequence', 'launch')
  and (p.scope = 'all' or p.scope_id = n.id or p.scope_id = ${sequenceOf('n.version_id')})
  order by array_position(array['all', 'sequence', 'launch'], p.scope) limit 1)`;
