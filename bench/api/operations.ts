/** What the pages of the web app ask, and with what. */
import { DRAFTS, SEQUENCES, source } from './seed.ts';

export type Role = 'rep' | 'manager' | 'admin';

/** Rows that there are, to ask for. */
export interface Known {
  /** Of leads that whoever asks sees. */
  readonly leads: readonly string[];
  readonly conversations: readonly string[];
  readonly tasks: readonly string[];
  readonly launches: readonly string[];
  readonly senders: readonly string[];
  /** Of each sequence, in their order. */
  readonly versions: readonly string[];
  readonly endpoints: readonly string[];
  readonly imports: readonly string[];
  /** Reps whose work whoever asks may hand over. */
  readonly reps: readonly string[];
}

export interface Operation {
  /** The operation's id, and what of it. */
  readonly name: string;
  /** Whose page it is; all when left out. */
  readonly roles?: readonly Role[];
  /** Path below `/v1`, of the n-th request; null: there is nothing to ask for. */
  readonly path: (n: number, known: Known) => string | null;
  /** A dry run's body. */
  readonly body?: (n: number, known: Known) => unknown;
}

const one = <T>(among: readonly T[], n: number): T | undefined => among[(n * 7) % Math.max(1, among.length)];
const of = (among: readonly string[], n: number, path: (id: string) => string) => {
  const id = one(among, n);
  return id === undefined ? null : path(id);
};
/** Others at each request: who launches on the same leads at once waits for each other. */
const fifty = (leads: readonly string[], n: number) => {
  const from = (n % 4) * 50;
  return leads.slice(from < leads.length ? from : 0).slice(0, 50);
};
const fixed = (name: string, path: string, roles?: readonly Role[]): Operation => ({
  name,
  path: () => path,
  ...(roles && { roles }),
});
const among = (name: string, paths: readonly string[], roles?: readonly Role[]): Operation => ({
  name,
  path: (n) => paths[n % paths.length]!,
  ...(roles && { roles }),
});

const MANAGERS = ['manager', 'admin'] as const;
const ADMINS = ['admin'] as const;
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
const RANGES = [7, 30, 90, 365].map((days) => `from=${day(days - 1)}&to=${day(0)}&timeZone=Europe/Berlin`);
const YEAR = RANGES[3];
const GROUPS = ['day', 'week', 'channel', 'sequence', 'step', 'sender', 'rep'];
const CLASSES = [
  'interested',
  'not_now',
  'not_interested',
  'wrong_person',
  'out_of_office',
  'bounce',
  'unsubscribe',
  'other',
];
const KINDS = ['call', 'task', 'linkedin', 'review', 'failed'];
/** Filters of the list of leads other than those that have a row of their own. */
const FIELDS = [
  'country=TR',
  'consent=given',
  'unowned=true',
  'owner=rep3@acme.test',
  'company=Company+12',
  'title=sales',
  'persona=buyer',
  'language=de',
  'attribute=segment',
  'attribute=segment&is=large',
  'attribute=segment&is=none',
  'attribute=segment&is=small&did=opened&withinDays=30',
];
const sequence = (n: number) => `sequence-${n % SEQUENCES}`;
const COUNTED = [
  '',
  'q=kaya',
  'status=running',
  'status=none',
  'did=opened',
  'did=replied&withinDays=7',
  'silentDays=30',
  'sequence=sequence-3',
  ...FIELDS,
];

export const OPERATIONS: readonly Operation[] = [
  fixed('session.methods', '/session/methods'),
  fixed('me.read', '/me'),
  fixed('me.counts', '/me/counts'),
  among('tasks.list by worth', ['/tasks?due=all&limit=50', '/tasks?due=now&limit=50']),
  among('tasks.list by kind', KINDS.flatMap((kind) => [`/tasks?due=all&limit=50&kind=${kind}`, `/tasks?due=now&limit=50&kind=${kind}`])),
  fixed('tasks.list next', '/tasks?due=all&limit=1&sort=dueAt'),
  fixed('tasks.list done', '/tasks?state=done&sort=-doneAt'),
  { name: 'tasks.read', path: (n, { tasks }) => of(tasks, n, (id) => `/tasks/${id}`) },
  fixed('inbox.list open', '/inbox'),
  fixed('inbox.list all', '/inbox?state=all'),
  among('inbox.list by class', CLASSES.flatMap((as) => [`/inbox?limit=50&class=${as}`, `/inbox?limit=50&state=all&class=${as}`])),
  among('inbox.list by channel', ['/inbox?limit=50&channel=linkedin', '/inbox?limit=50&state=all&channel=sms', '/inbox?limit=50&channel=email&class=other']),
  { name: 'inbox.conversation', path: (n, { conversations }) => of(conversations, n, (id) => `/inbox/leads/${id}`) },
  fixed('snippets.list', '/snippets'),
  among('search', ['ada', 'kaya', 'el', 'lead42', 'company 7', 'sequence', 'launch 3', 'nobodyhasit'].map((q) => `/search?q=${q}`)),
  fixed('leads.list', '/leads?limit=100&sort=-createdAt'),
  fixed('leadViews.list', '/me/lead-views'),
  among('leads.list q', ['/leads?q=kaya', '/leads?q=ada+hopper', '/leads?q=company77', '/leads?q=lead4242@', '/leads?q=nobodyhasit', '/leads?q=el']),
  among('leads.list sorted', ['/leads?sort=name', '/leads?sort=-name', '/leads?sort=company', '/leads?sort=createdAt']),
  among('leads.list q sorted', ['/leads?q=kaya&sort=name', '/leads?q=company+ada&sort=company']),
  among('leads.list status', ['none', 'pending', 'running', 'finished', 'stopped'].map((status) => `/leads?status=${status}`)),
  among('leads.list field', FIELDS.map((field) => `/leads?limit=100&sort=-createdAt&${field}`)),
  { name: 'leads.list sequence', path: (n) => `/leads?sequence=${sequence(n)}` },
  { name: 'leads.list launch', path: (n, { launches }) => of(launches, n, (id) => `/leads?launchId=${id}`) },
  among('leads.list did', ['opened', 'clicked', 'replied', 'bounced', 'meeting_booked'].flatMap((type) => [`/leads?did=${type}`, `/leads?did=${type}&withinDays=7`])),
  among('leads.list silent', ['/leads?silentDays=14', '/leads?silentDays=90', '/leads?silentDays=360']),
  { name: 'leads.count', path: (n, { launches }) => `/leads/count?${[...COUNTED, `launchId=${launches[0]}`][n % (COUNTED.length + 1)]}` },
  fixed('leads.facets', '/leads/facets'),
  { name: 'leads.read', path: (n, { leads }) => of(leads, n, (id) => `/leads/${id}`) },
  { name: 'leads.timeline', path: (n, { leads }) => of(leads, n, (id) => `/leads/${id}/timeline`) },
  { name: 'leads.suppressed', path: (n, { leads }) => of(leads, n, (id) => `/leads/${id}/suppressed`) },
  { name: 'leads.why', path: (n, { leads }) => of(leads, n, (id) => `/leads/${id}/why`) },
  { name: 'leads.export', path: (n, { leads }) => of(leads, n, (id) => `/leads/${id}/export`) },
  fixed('imports.list', '/imports'),
  { name: 'imports.read', roles: ADMINS, path: (n, { imports }) => of(imports, n, (id) => `/imports/${id}`) },
  fixed('sequences.list', '/sequences?limit=100'),
  { name: 'sequences.read', path: (n) => `/sequences/${sequence(n)}` },
  { name: 'sequences.versions', path: (n) => `/sequences/${sequence(n)}/versions` },
  { name: 'sequences.difference', path: (n, { versions }) => `/sequences/${sequence(n)}/difference?from=${versions[n % SEQUENCES]}` },
  { name: 'sequences.numbers', path: (n) => `/sequences/${sequence(n)}/numbers` },
  { name: 'sequences.previewLeads', path: (n) => `/sequences/${sequence(n)}/preview-leads` },
  fixed('sequences.schema', '/sequence-schema'),
  fixed('sequences.drafts', '/sequence-drafts'),
  { name: 'sequences.readDraft', path: (n) => `/sequences/sequence-${n % DRAFTS}/draft` },
  { name: 'sequences.validate', path: () => '/sequence-validation', body: (n) => ({ source: source(n % SEQUENCES), name: sequence(n) }) },
  { name: 'sequences.preview', path: (n) => `/sequences/${sequence(n)}/preview`, body: (n, { leads }) => ({ source: source(n % SEQUENCES), lead: one(leads, n) }) },
  { name: 'sequences.simulate', path: (n) => `/sequences/${sequence(n)}/simulation`, body: (n) => ({ source: source(n % SEQUENCES), leads: 20, timeZone: 'Europe/Berlin' }) },
  { name: 'sequences.planPublication', path: (n) => `/sequences/${sequence(n)}/publication-plan`, body: (n) => ({ source: source(n % SEQUENCES).replace('Again', 'Anew') }), roles: MANAGERS },
  fixed('sequences.templates', '/sequence-templates'),
  among('launches.list', ['', '&status=running', '&status=active', '&status=held', '&status=paused', '&status=finished', '&sequence=sequence-3'].map((filter) => `/launches?limit=50${filter}`)),
  { name: 'launches.read', path: (n, { launches }) => of(launches, n, (id) => `/launches/${id}`) },
  { name: 'launches.numbers', path: (n, { launches }) => of(launches, n, (id) => `/launches/${id}/numbers`) },
  { name: 'launches.enrollments', path: (n, { launches }) => of(launches, n, (id) => `/launches/${id}/enrollments?limit=100${['', '&status=running', '&status=stopped'][n % 3]}`) },
  { name: 'launches.exclusions', path: (n, { launches }) => of(launches, n, (id) => `/launches/${id}/exclusions`) },
  {
    name: 'launches.create dry run of 50',
    path: () => '/launches',
    body: (n, { leads, versions }) => ({ versionId: one(versions, n), dryRun: true, audience: { leadIds: fifty(leads, n) } }),
  },
  {
    name: 'launches.add dry run of 50',
    path: (n, { launches }) => of(launches.slice(-4), n, (id) => `/launches/${id}/leads`),
    body: (n, { leads }) => ({ dryRun: true, audience: { leadIds: fifty(leads, n) } }),
    roles: ADMINS,
  },
  among('launches.audience', [`lead.country == "TR"`, `lead.attributes.segment == "large"`].map((where) => `/launch-audience?where=${encodeURIComponent(where)}`)),
  { name: 'launches.senders', path: (n, { versions }) => `/launch-senders?versionId=${one(versions, n)}` },
  fixed('pauses.list', '/pauses'),
  fixed('users.colleagues', '/colleagues'),
  fixed('absences.list', '/absences'),
  fixed('calendars.list', '/calendars'),
  among('calendars.read', ['/calendars/DE?year=2026', '/calendars/TR?year=2026', '/calendars/US?year=2027']),
  fixed('daysOff.read', '/days-off'),
  fixed('apiKeys.list', '/me/api-keys'),
  fixed('senders.list', '/senders', MANAGERS),
  { name: 'senders.days', roles: MANAGERS, path: (_n, { senders }) => `/senders/days?ids=${senders.join(',')}` },
  { name: 'senders.read', roles: MANAGERS, path: (n, { senders }) => of(senders, n, (id) => `/senders/${id}`) },
  among('suppressions.list', ['/suppressions', '/suppressions?reason=bounced', '/suppressions?value=nobody@acme.test'], MANAGERS),
  fixed('users.list', '/users', MANAGERS),
  {
    name: 'users.handOver dry run',
    roles: MANAGERS,
    path: (n, { reps }) => of(reps, n, (id) => `/users/${id}/hand-over`),
    body: (n, { reps }) => ({ to: one(reps, n + 1), leads: 'all', dryRun: true }),
  },
  { name: 'audit.list', roles: ADMINS, path: (n, { leads }) => ['/audit', `/audit?target=${one(leads, n)}`][n % 2]! },
  fixed('webhooks.list', '/webhooks', ADMINS),
  {
    name: 'webhooks.deliveries',
    roles: ADMINS,
    path: (n, { endpoints, leads }) =>
      of(endpoints, n, (id) => `/webhooks/${id}/deliveries${['', '?state=parked', '?state=pending', `?leadId=${one(leads, n)}`][n % 4]}`),
  },
  fixed('sources.list', '/sources', ADMINS),
  fixed('sources.events', '/sources/events', ADMINS),
  fixed('consentPolicy.read', '/consent-policy', ADMINS),
  fixed('retention.read', '/retention', ADMINS),
  among('retention.preview', ['/retention/preview?inactiveLeadMonths=3', '/retention/preview?inactiveLeadMonths=120'], ADMINS),
  among('analytics.summary', RANGES.map((range) => `/analytics/summary?${range}`)),
  among('analytics.summary by', [RANGES[2], YEAR].flatMap((range) => GROUPS.map((by) => `/analytics/summary?${range}&by=${by}`))),
  {
    name: 'analytics.summary filtered',
    path: (n, { senders }) =>
      `/analytics/summary?${YEAR}&by=${GROUPS[n % GROUPS.length]}&${['channel=email', 'sequence=sequence-3', 'rep=rep0@acme.test', `senderId=${senders[0]}`][n % 4]}`,
  },
  among('analytics.attribution', RANGES.flatMap((range) => [`/analytics/attribution?${range}&model=first`, `/analytics/attribution?${range}&model=last`])),
  among('analytics.journeys', RANGES.map((range) => `/analytics/journeys?${range}`)),
  fixed('analytics.forecast', '/analytics/forecast'),
  fixed('analytics.summaryCsv', `/analytics/summary.csv?${YEAR}&by=step`),
  fixed('analytics.attributionCsv', `/analytics/attribution.csv?${YEAR}`),
  fixed('analytics.forecastCsv', '/analytics/forecast.csv'),
  fixed('analytics.journeysCsv', `/analytics/journeys.csv?${YEAR}`),
  { name: 'analytics.experiments', path: (n) => `/analytics/experiments?sequence=${sequence(n)}` },
  { name: 'analytics.experimentsCsv', path: (n) => `/analytics/experiments.csv?sequence=${sequence(n)}` },
]; // prettier-ignore
