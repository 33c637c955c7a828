/** SQL that lists of leads in launches share. */

/** The lead `l`, as a person calls them. */
export const NAME_OF_LEAD = `coalesce(nullif(trim(concat_ws(' ', l.first_name, l.last_name)), ''), l.emails[1], l.phones[1], l.external_id, l.id::text)`;

/** Condition that the lead `l` belongs to one of the owners in a parameter (null there: everybody's), or to nobody, if that is seen. */
export const OWNED = (owners: string, unowned: boolean): string =>
  `(${owners}::text[] is null or lower(l.owner) = any(${owners})${unowned ? ' or l.owner is null' : ''})`;
