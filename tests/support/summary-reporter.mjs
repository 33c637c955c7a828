import { appendFileSync } from 'node:fs';

/** Writes the run's numbers where scripts/test.mjs adds them up. */
export default class SummaryReporter {
  #file = process.env.CADENZA_TEST_SUMMARY;

  onRunComplete(_contexts, results) {
    if (!this.#file) return;
    const { numPassedTests: passed, numFailedTests: failed, numRuntimeErrorTestSuites: broken } = results;
    // A file that could not be run has no tests to count, and has failed all the same.
    appendFileSync(this.#file, `${JSON.stringify({ passed, failed: failed + broken })}\n`);
  }
}
