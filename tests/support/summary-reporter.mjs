import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Writes each file's numbers, and what failed in it, where scripts/test.mjs adds them up, also when the run is interrupted. */
export default class SummaryReporter {
  #file = process.env.CADENZA_TEST_SUMMARY;

  onTestResult(_test, result) {
    if (!this.#file) return;
    const { numPassingTests: passed, numFailingTests, testExecError } = result;
    // A file that could not be run has no tests to count, and has failed all the same.
    const failed = numFailingTests + (testExecError ? 1 : 0);
    appendFileSync(this.#file, `${JSON.stringify({ passed, failed, names: failuresOf(result) })}\n`);
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
