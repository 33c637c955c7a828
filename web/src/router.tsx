/** Every page and its address. What a page shows (filters, tab, selection) is in its search parameters. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { ApiProblem } from './api/client.ts';
import { queryClient } from './api/query.ts';
import { Crashed, Nowhere } from './shell/Crashed.tsx';
import { Frame, Pending } from './shell/Frame.tsx';
import { meQuery } from './shell/session.ts';
import { SignIn, SignInByLink } from './shell/SignIn.tsx';
import { begun, FIELDS } from './pages/launches/draft.ts';
import { FILTERS } from './pages/leads/filter.ts';
import { textOf } from './search.ts';

const root = createRootRoute({ component: Outlet, notFoundComponent: Nowhere });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>) => textOf(search, ['to', 'error']),
  component: SignIn,
});
const signInByLink = createRoute({
  getParentRoute: () => root,
  path: '/sign-in/$token',
  component: SignInByLink,
});

/** Everything that only somebody who is signed in may see. */
const frame = createRoute({
  getParentRoute: () => root,
  id: 'frame',
  component: Frame,
  async beforeLoad({ location }) {
    try {
      await queryClient.ensureQueryData(meQuery);
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401)
        throw redirect({ to: '/sign-in', search: { to: location.href } });
      throw error;
    }
  },
});
const home = createRoute({
  getParentRoute: () => frame,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/today' });
  },
});

const today = createRoute({
  getParentRoute: () => frame,
  path: '/today',
  validateSearch: (search: Record<string, unknown>) => textOf(search, ['task', 'kind', 'due']),
  component: lazyRouteComponent(() => import('./pages/today/Today.tsx'), 'Today'),
});
const inbox = createRoute({
  getParentRoute: () => frame,
  path: '/inbox',
  validateSearch: (search: Record<string, unknown>) =>
    textOf(search, ['lead', 'state', 'class', 'channel', 'q']),
  component: lazyRouteComponent(() => import('./pages/inbox/Inbox.tsx'), 'Inbox'),
});
const leads = createRoute({
  getParentRoute: () => frame,
  path: '/leads',
  validateSearch: (search: Record<string, unknown>) => textOf(search, [...FILTERS, 'sort', 'open', 'for']),
  component: lazyRouteComponent(() => import('./pages/leads/Leads.tsx'), 'Leads'),
});
const leadImport = createRoute({
  getParentRoute: () => frame,
  path: '/leads/import',
  validateSearch: (search: Record<string, unknown>) => textOf(search, ['id', 'rows']),
  component: lazyRouteComponent(() => import('./pages/leads/Import.tsx'), 'Import'),
});
const lead = createRoute({
  getParentRoute: () => frame,
  path: '/leads/$id',
  component: lazyRouteComponent(() => import('./pages/leads/LeadPage.tsx'), 'LeadPage'),
});
const sequences = createRoute({
  getParentRoute: () => frame,
  path: '/sequences',
  component: lazyRouteComponent(() => import('./pages/sequences/Sequences.tsx'), 'Sequences'),
});
const sequence = createRoute({
  getParentRoute: () => frame,
  path: '/sequences/$name',
  validateSearch: (search: Record<string, unknown>) =>
    textOf(search, ['tab', 'step', 'lead', 'from', 'to', 'version', 'measure']),
  component: lazyRouteComponent(() => import('./pages/sequences/SequencePage.tsx'), 'SequencePage'),
});
const launches = createRoute({
  getParentRoute: () => frame,
  path: '/launches',
  validateSearch: (search: Record<string, unknown>) => textOf(search, ['status', 'sequence', 'by']),
  component: lazyRouteComponent(() => import('./pages/launches/Launches.tsx'), 'Launches'),
});
const newLaunch = createRoute({
  getParentRoute: () => frame,
  path: '/launches/new',
  validateSearch: (search: Record<string, unknown>) => textOf(search, FIELDS),
  beforeLoad({ search, cause }) {
    // Looking at a link is no beginning.
    if (!search.draft && cause !== 'preload')
      throw redirect({ to: '/launches/new', search: begun(search), replace: true });
  },
  component: lazyRouteComponent(() => import('./pages/launches/NewLaunch.tsx'), 'NewLaunch'),
});
const launch = createRoute({
  getParentRoute: () => frame,
  path: '/launches/$id',
  validateSearch: (search: Record<string, unknown>) => textOf(search, ['tab', 'state', 'reason']),
  component: lazyRouteComponent(() => import('./pages/launches/LaunchPage.tsx'), 'LaunchPage'),
});
const analytics = createRoute({
  getParentRoute: () => frame,
  path: '/analytics',
  validateSearch: (search: Record<string, unknown>) =>
    textOf(search, ['tab', 'from', 'to', 'by', 'channel', 'sequence', 'sender', 'rep', 'model']),
  component: lazyRouteComponent(() => import('./pages/analytics/Analytics.tsx'), 'Analytics'),
});
const settings = createRoute({
  getParentRoute: () => frame,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/settings/Settings.tsx'), 'Settings'),
});
const settingsPart = createRoute({
  getParentRoute: () => frame,
  path: '/settings/$part',
  validateSearch: (search: Record<string, unknown>) => textOf(search, ['id', 'q']),
  component: lazyRouteComponent(() => import('./pages/settings/Settings.tsx'), 'Settings'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    signInByLink,
    frame.addChildren([
      home,
      today,
      inbox,
      leads,
      leadImport,
      lead,
      sequences,
      sequence,
      launches,
      newLaunch,
      launch,
      analytics,
      settings,
      settingsPart,
    ]),
  ]),
  defaultErrorComponent: Crashed,
  defaultPendingComponent: Pending,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
