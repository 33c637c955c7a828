import type { Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { absenceRoutes } from './absences.ts';
import { accessRoutes } from './access.ts';
import { oidcRoutes } from './oidc.ts';
import { calendarRoutes } from './calendars.ts';
import { retentionRoutes } from './retention.ts';
import { searchRoutes } from './search.ts';
import { findRoutes } from './find.ts';
import { leadRoutes } from './leads.ts';
import { leadListRoutes } from './lead-list.ts';
import { importRoutes } from './imports.ts';
import { suppressionRoutes } from './suppressions.ts';
import { attributionRoutes } from './analytics-attribution.ts';
import { experimentRoutes } from './analytics-experiments.ts';
import { forecastRoutes } from './analytics-forecast.ts';
import { analyticsRoutes } from './analytics.ts';
import { consentRoutes } from './consent.ts';
import { controlRoutes } from './controls.ts';
import { launchChoiceRoutes } from './launch-choices.ts';
import { launchRoutes } from './launches.ts';
import { metaRoutes } from './meta.ts';
import { steeringRoutes } from './steering.ts';
import { deskRoutes } from './desk.ts';
import { inboxRoutes } from './inbox.ts';
import { leadViewRoutes } from './lead-views.ts';
import { snippetRoutes } from './snippets.ts';
import { statusRoutes } from './status.ts';
import { taskRoutes } from './tasks.ts';
import { touchRoutes } from './touches.ts';
import { companyRoutes } from './companies.ts';
import { senderRoutes } from './senders.ts';
import { webhookRoutes } from './webhooks.ts';
import { sequenceTrialRoutes } from './sequence-trials.ts';
import { sequenceRoutes } from './sequences.ts';
import { handOverRoutes } from './hand-over.ts';
import { userRoutes } from './users.ts';

/** Every group of routes. */
export const ROUTES: readonly ((app: Api, deps: ApiDeps) => void)[] = [
  metaRoutes,
  accessRoutes,
  oidcRoutes,
  userRoutes,
  handOverRoutes,
  absenceRoutes,
  calendarRoutes,
  consentRoutes,
  retentionRoutes,
  searchRoutes,
  findRoutes,
  leadListRoutes,
  leadViewRoutes,
  leadRoutes,
  importRoutes,
  suppressionRoutes,
  steeringRoutes,
  deskRoutes,
  taskRoutes,
  touchRoutes,
  companyRoutes,
  statusRoutes,
  inboxRoutes,
  snippetRoutes,
  launchRoutes,
  launchChoiceRoutes,
  controlRoutes,
  senderRoutes,
  webhookRoutes,
  sequenceRoutes,
  sequenceTrialRoutes,
  analyticsRoutes,
  attributionRoutes,
  forecastRoutes,
  experimentRoutes,
];
