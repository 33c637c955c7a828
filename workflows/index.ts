/** Everything that the worker's workflow bundle exports. */
export { crmDelivery } from './crm-delivery.ts';
export { enrollment } from './enrollment.ts';
export { launch } from './launch.ts';
export { mailbox } from './mailbox.ts';
