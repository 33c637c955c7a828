/** The engine without a server: simulations and scenario tests. */
export { defaultSenders, simulationProfile, simulationSender } from './defaults.ts';
export { runScenarioFile, runScenarios, type ScenarioReport, type ScenarioResult } from './scenario-run.ts';
export { parseScriptEvent, ScriptError } from './script.ts';
export { simulate } from './simulate.ts';
export type {
  ScriptEntry,
  SimulatedDecision,
  SimulatedLead,
  SimulatedTouch,
  SimulationInput,
  SimulationLead,
  SimulationResult,
  SimulationSender,
} from './types.ts';
