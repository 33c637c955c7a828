import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Writes the run's numbers, and what failed, where scripts/test.mjs adds them up. */
export default class SummaryReporter {
  #file = process.env.CADENZA_TEST_SUMMARY;

  onRunComplete(_contexts, results) {
    if (!this.#file) return;
    const { numPassedTests: passed, numFailedTests: failed, numRuntimeErrorTestSuites: broken } = results;
    // A file that could not be run has no tests to count, and has failed all the same.
    const names = results.testResults.flatMap(failuresOf);
    appendFileSync(this.#file, `${JSON.stringify({ passed, failed: failed + broken, names })}\n`);
  }
}

function failuresOf({ testFilePath, testExecError, testResults }) {
  const file = relative(process.cwd(), testFilePath);
  const failed = testResults.filter(({ status }) => status === 'failed');
  return [
    ...(testExecError ? [`${file}: it could not be run`] : []),
    ...failed.map(({ fullName }) => `${file}: ${fullName}`),
  ];
}
