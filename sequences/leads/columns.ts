import { closest, distance } from 'fastest-levenshtein';
import { LeadsCsvError } from './csv-error.ts';

/** Fields of a lead that a column may fill, as an explicit mapping names them. */
export const LEAD_FIELDS = [
  'external_id',
  'first_name',
  'last_name',
  'full_name',
  'company',
  'company_id',
  'website',
  'title',
  'email',
  'phone',
  'linkedin_url',
  'country',
  'locale',
  'time_zone',
  'company_time_zone',
  'preferred_channel',
  'persona',
  'owner',
  'consent',
  'consent_source',
  'consent_date',
] as const;
export type LeadField = (typeof LEAD_FIELDS)[number];

/** Header → field, `attributes.<name>`, or null to leave the column out. */
export type ColumnMapping = Readonly<Record<string, string | null>>;

/** What becomes of one column. */
export type Column =
  | { readonly kind: 'field'; readonly header: string; readonly field: LeadField }
  | { readonly kind: 'attribute'; readonly header: string; readonly name: string }
  | { readonly kind: 'ignored'; readonly header: string };

/** Known headers without case, spaces and punctuation. `email` and `phone` take several columns, each slot (after `:`) once. */
const ALIASES: Readonly<Record<string, string>> = {
  external_id: 'id externalid crmid crmrecordid recordid contactid leadid hubspotid salesforceid pipedriveid',
  first_name: 'firstname first givenname forename vorname prenom nombre voornaam nome imie ad adi adı',
  last_name:
    'lastname last surname familyname nachname familienname nom apellido apellidos achternaam cognome nazwisko soyad soyadi soyadı soyisim',
  full_name:
    'name fullname contactname vollername adsoyad adisoyadi adısoyadı isimsoyisim nomcomplet nometprenom prenometnom nombrecompleto nombreyapellidos vorundnachname vornamenachname',
  company:
    'company companyname organisation organization organisationname organizationname account accountname firma unternehmen employer entreprise societe empresa bedrijf azienda sirket sirketadi sirketadı firmaadi firmaadı kurum firmenname unternehmensname nomentreprise nomdelentreprise raisonsociale nombredelaempresa nombreempresa razonsocial',
  company_id: 'companyid accountid organisationid organizationid companyexternalid',
  website:
    'website companywebsite domain companydomain companyurl web homepage webseite websitesi siteweb siteinternet sitioweb paginaweb',
  title:
    'title jobtitle position role jobrole funktion berufsbezeichnung currentjobtitle currenttitle currentposition unvan pozisyon gorev gorevi stellenbezeichnung jobbezeichnung poste fonction intituleduposte intituledeposte cargo puesto',
  'email:1':
    'email emails mail emailaddress mailaddress emailadresse mailadresse primaryemail courriel correo eposta epostaadresi adresseemail adressemail correoelectronico',
  'email:work': 'workemail businessemail companyemail emailwork',
  'email:home': 'personalemail privateemail emailpersonal',
  'email:2': 'email2 secondaryemail otheremail additionalemails',
  'email:3': 'email3',
  'phone:1':
    'phone phones phonenumber tel telephone telephonenumber telefon telefonnummer primaryphone telefonno telefonnumarasi telefonnumarası telefono numerodetelephone numerodetelefono',
  'phone:mobile':
    'mobile mobilephone mobilenumber mobil mobilnummer handy handynummer cell cellphone cep ceptelefonu cepno gsm mobiltelefon telephoneportable movil telefonomovil',
  'phone:work': 'workphone businessphone directphone officephone',
  'phone:2': 'phone2 secondaryphone otherphone',
  linkedin_url: 'linkedin linkedinurl linkedinprofile linkedinprofileurl linkedinlink personlinkedinurl',
  country: 'country countrycode countryname land pays pais kraj ulke',
  locale: 'locale language lang sprache dil langue idioma',
  time_zone: 'timezone tz zeitzone saatdilimi fuseauhoraire zonahoraria',
  company_time_zone: 'companytimezone accounttimezone',
  preferred_channel: 'preferredchannel channel bevorzugterkanal',
  persona: 'persona buyerpersona',
  owner: 'owner leadowner contactowner accountowner salesrep rep assignedto',
  consent: 'consent consentstatus optin gdprconsent einwilligung',
  consent_source: 'consentsource optinsource',
  consent_date: 'consentdate consentat optindate consentedat',
};

const BY_HEADER = new Map(
  Object.entries(ALIASES).flatMap(([target, headers]) =>
    headers.split(' ').map((header) => [header, target] as const),
  ),
);

/** What a header says that says it twice or adds something: `Company / Organisation`, `Job Title (current)`. */
function loosely(header: string): string | undefined {
  const parts = header.replace(/\([^)]*\)/g, '').split(/[/|]/);
  const targets = new Set(parts.map((part) => BY_HEADER.get(compact(part))));
  return targets.size === 1 ? [...targets][0] : undefined;
}

function compact(header: string): string {
  return header
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '')
    .toLowerCase();
}

/** A header as the name of a custom attribute: `Annual Revenue (€)` and `annualRevenue` become `annual_revenue`. */
function attributeName(header: string, index: number): string {
  const name = header
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
  if (name === '') return `column_${index + 1}`;
  return /^\d/.test(name) ? `column_${name}` : name;
}

function nearest(word: string, words: readonly string[]): string {
  if (words.length === 0) return '';
  const best = closest(word, words);
  return distance(word, best) <= Math.max(2, word.length / 3) ? ` Did you mean “${best}”?` : '';
}

/** A custom attribute by its name. JavaScript keeps no field of the excepted name. */
const ATTRIBUTE = /^attributes\.((?!__proto__$)[a-z_][a-z0-9_]*)$/;

const asAttribute = (header: string, name: string): { column: Column; slot: string } => ({
  column: { kind: 'attribute', header, name },
  slot: `attributes.${name}`,
});

/** The header by which an import knows this attribute: its name, or `attributes.<name>` where the name alone means something else. */
export function attributeHeader(name: string): string {
  const { column } = guessed(name, 0, () => false);
  return column.kind === 'attribute' && column.name === name ? name : `attributes.${name}`;
}

function mapped(header: string, target: string | null): { column: Column; slot: string } {
  if (target === null) return { column: { kind: 'ignored', header }, slot: '' };
  const attribute = ATTRIBUTE.exec(target)?.[1];
  if (attribute !== undefined) return asAttribute(header, attribute);
  const field = LEAD_FIELDS.find((name) => name === target);
  if (field === undefined) {
    throw new LeadsCsvError(
      'unknown_field',
      `the mapping sends column “${header}” to “${target}”, which is no field of a lead.${nearest(target, LEAD_FIELDS)} Fields are ${LEAD_FIELDS.join(', ')}, or attributes.<name>.`,
      1,
    );
  }
  // Mapped by hand, several columns may fill email and phone.
  return {
    column: { kind: 'field', header, field },
    slot: field === 'email' || field === 'phone' ? `${field}:${header}` : field,
  };
}

/**
 * Decides what each column fills: the explicit mapping first, then the known aliases; what is left becomes a custom attribute.
 * Throws LeadsCsvError when two columns would fill the same (naming both), or when the mapping names what is not there.
 */
export function mapColumns(headers: readonly string[], mapping: ColumnMapping = {}): readonly Column[] {
  const explicit = new Map<string, string | null>();
  for (const [name, target] of Object.entries(mapping)) {
    const header =
      headers.find((candidate) => candidate.trim() === name.trim()) ??
      headers.find((candidate) => candidate.trim().toLowerCase() === name.trim().toLowerCase());
    if (header === undefined) {
      throw new LeadsCsvError(
        'unknown_column',
        `the mapping names column “${name}”, which the file does not have.${nearest(name, headers)} Its columns are ${headers.map((each) => `“${each}”`).join(', ')}.`,
        1,
      );
    }
    explicit.set(header, target);
  }
  // What is only nearly a known header stands back for one that is.
  const claimed = new Set([...headers.map((header) => BY_HEADER.get(compact(header))), ...explicit.values()]);
  const taken = new Map<string, { header: string; position: number }>();
  return headers.map((raw, index) => {
    const header = raw.trim();
    const target = explicit.get(raw);
    const { column, slot } =
      target === undefined
        ? guessed(header, index, (slot) => claimed.has(slot) || taken.has(slot))
        : mapped(header, target);
    if (column.kind === 'ignored') return column;
    const first = taken.get(slot);
    if (first) {
      const what = slot.startsWith('attributes.')
        ? `the attribute “${slot.slice(11)}”`
        : `the lead's ${slot.replace(/:.*$/, '')}`;
      throw new LeadsCsvError(
        'duplicate_column',
        `columns ${first.position} (“${first.header}”) and ${index + 1} (“${header}”) both stand for ${what}. Rename or remove one, or say what each means (--map 'Column=field', --map 'Column=-' to leave it out).`,
        1,
      );
    }
    taken.set(slot, { header, position: index + 1 });
    return column;
  });
}

function guessed(
  header: string,
  index: number,
  isTaken: (slot: string) => boolean,
): { column: Column; slot: string } {
  // Our own id of a lead, as `leads export` writes it: the other columns say who it is.
  if (compact(header) === 'cadenzaid') return { column: { kind: 'ignored', header }, slot: '' };
  const attribute = ATTRIBUTE.exec(header)?.[1];
  if (attribute !== undefined) return asAttribute(header, attribute);
  const near = loosely(header);
  const target = BY_HEADER.get(compact(header)) ?? (near === undefined || isTaken(near) ? undefined : near);
  if (target !== undefined) {
    return {
      column: { kind: 'field', header, field: target.replace(/:.*$/, '') as LeadField },
      slot: target,
    };
  }
  return asAttribute(header, attributeName(header, index));
}
