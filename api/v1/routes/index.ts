import type { Api } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { accessRoutes } from './access.ts';
import { metaRoutes } from './meta.ts';
import { userRoutes } from './users.ts';

/** Every group of routes. */
export const ROUTES: readonly ((app: Api, deps: ApiDeps) => void)[] = [metaRoutes, accessRoutes, userRoutes];
