import { ApplicationFailure, Context } from '@temporalio/activity';
import { drainEndpoint, type DrainDeps, type DrainResult } from './drain.ts';

export type { DrainDeps, DrainResult } from './drain.ts';

/** What the CRM delivery workflow calls; nothing of a callback goes through Temporal (promise 8). */
export interface CrmActivities {
  /** Delivers to one endpoint for minutes, heartbeating; see `drainEndpoint`. Fails with the type `crm_delivery_failed` and no details, which are logged. */
  drain(input: { readonly endpointId: string }): Promise<DrainResult>;
}

export function createCrmActivities(deps: DrainDeps): CrmActivities {
  return {
    async drain({ endpointId }) {
      const context = Context.current();
      try {
        return await drainEndpoint(deps, endpointId, {
          signal: context.cancellationSignal,
          heartbeat: () => context.heartbeat(),
        });
      } catch (error) {
        deps.log.error(
          { endpoint: endpointId, err: error },
          'delivering callbacks failed; it is tried again',
        );
        throw ApplicationFailure.create({
          type: 'crm_delivery_failed',
          message: 'see the log of the worker',
        });
      }
    },
  };
}
