/** The engine without a server: simulations and scenario tests. */
export { defaultSenders, simulationSender } from './defaults.ts';
export { isScenarioFile, parseScenarioFile } from './scenario-file.ts';
export { runScenarioFile, runScenarios } from './scenario-run.ts';
export { parseScriptEvent, ScriptError, workDone } from './script.ts';
export { play, simulate } from './simulate.ts';
export type {
  ScriptEntry,
  SimulatedTouch,
  SimulationProgress,
  SimulationResult,
  SimulationSender,
} from './types.ts';
