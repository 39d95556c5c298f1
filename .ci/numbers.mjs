/**
 * `node numbers.mjs REPORT STATUS`: the last line of CI, from vitest's JSON report and the status of the check.
 * Exits with that status; with 1 where all went well but a test was skipped that `test/allowed-skips.json`, a table of
 * full names and reasons, does not have.
 */
import { readFileSync } from 'node:fs';

const [reportFile, status] = process.argv.slice(2);
const allowed = JSON.parse(readFileSync('test/allowed-skips.json', 'utf8'));

function readReport() {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8')).testResults;
  } catch {
    // No tests ran: the format, the types or the setup failed before them.
    return undefined;
  }
}

const files = readReport();
const tests = files?.flatMap((file) => file.assertionResults) ?? [];
const having = (...states) => tests.filter((test) => states.includes(test.status));
const passed = having('passed');
const failed = having('failed');
const skipped = tests.filter((test) => !passed.includes(test) && !failed.includes(test));

const unexpected = skipped.filter((test) => !(test.fullName in allowed));
for (const { fullName } of unexpected)
  console.log(`Skipped without a reason in test/allowed-skips.json: ${fullName}`);

const wentWell = status === '0' && passed.length > 0 && failed.length === 0 && unexpected.length === 0;
// Something failed that is no test, such as a file that cannot be loaded.
const failures = wentWell ? 0 : Math.max(1, failed.length);
console.log(`${passed.length} passed, ${failures} failed, ${skipped.length} skipped`);
process.exitCode = wentWell ? 0 : Number(status) || 1;
