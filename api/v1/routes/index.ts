import type { Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { accessRoutes } from './access.ts';
import { leadRoutes } from './leads.ts';
import { metaRoutes } from './meta.ts';
import { steeringRoutes } from './steering.ts';
import { userRoutes } from './users.ts';

/** Every group of routes. */
export const ROUTES: readonly ((app: Api, deps: ApiDeps) => void)[] = [
  metaRoutes,
  accessRoutes,
  userRoutes,
  leadRoutes,
  steeringRoutes,
];
