/** Everything that the worker's workflow bundle exports. */
export { enrollment } from './enrollment.ts';
export { launch } from './launch.ts';
