import { Buffer } from 'node:buffer';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** Delivers once, and is killed before its nth step in the file system: argv is spec, arrival, text, n. */
const [specText, arrivalText, text, killBefore] = process.argv.slice(2) as [string, string, string, string];
let steps = 0;
for (const name of ['mkdir', 'open', 'link', 'rename', 'rm', 'readFile', 'utimes'] as const) {
  const real = promises[name] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(promises, {
    [name]: (...args: unknown[]) => {
      steps += 1;
      if (steps === Number(killBefore)) process.kill(process.pid, 'SIGKILL');
      return real(...args);
    },
  });
}
syncBuiltinESMExports();

const { openTarget } = await import('../../adapters/target/open-target.ts');
const { createMemoryStore } = await import('../support/memory-store.ts');
const target = openTarget(JSON.parse(specText), createMemoryStore());
const arrival = JSON.parse(arrivalText);
const bytes = async function* () {
  for (const character of text) yield Buffer.from(character);
};
await target.deliver(
  { arrival, bytes, deliveryId: `${arrival.id}-${arrival.run}-target` },
  new AbortController().signal,
);
