import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Longer than any measure takes. */
const TIMEOUT_MS = 10 * 60_000;

/** Runs a program to its end; answers what it said. Throws when it fails. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<string> {
  return (await execute(program, args, { ...options, timeout: TIMEOUT_MS })).stdout;
}

/** Everything that was written to the file system of the folder is on the disk when it resolves. */
export const syncFileSystem = async (folder: string): Promise<void> => {
  await runProgram('sync', ['-f', folder]);
};
