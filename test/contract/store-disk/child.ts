import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { openDiskStore } from '../../../adapters/store/disk/store.ts';
import { newArrivalId } from '../../../core/arrival.ts';
import { Fault } from '../../../core/fault.ts';
import type { Store } from '../../../core/ports/store.ts';

/**
 * Another process on the same root: `child.ts <task> <root> <name>`. What it says, a line each, is what it was told
 * was done.
 */

const [task, root, name] = process.argv.slice(2) as [string, string, string];
const store = await openDiskStore({ root });

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const publishBytes = async (
  { uploads }: Store,
  key: string,
  bytes: Buffer,
  replace: boolean,
): Promise<string> => {
  const upload = await uploads.begin(key, newArrivalId());
  for (let at = 0; at < bytes.length; at += 4096) await upload.write(bytes.subarray(at, at + 4096));
  await upload.seal();
  return (await upload.publish({ replace })).arrival!;
};

const tasks: Record<string, () => Promise<void>> = {
  /** Races for keys until told otherwise; says which ones it won. */
  async race() {
    say('ready');
    await new Promise((resolve) => process.stdin.once('data', resolve));
    for (let key = 0; key < 20; key += 1) {
      const steps = {
        put: () => store.objects.put(`race/put${key}`, Buffer.from(name), { ifAbsent: true }),
        publish: () => publishBytes(store, `race/publish${key}`, Buffer.from(name), false),
      };
      for (const [step, run] of Object.entries(steps)) {
        try {
          await run();
          say(`race/${step}${key}`);
        } catch (thrown) {
          if (!(thrown instanceof Fault && thrown.code === 'exists')) throw thrown;
        }
      }
    }
    process.exit();
  },

  /** Publishes, replaces and renames for ever; says `<key> <arrival> <sha256>` of what was acknowledged. */
  async publish() {
    for (let count = 0; ; count += 1) {
      const body = Buffer.alloc(1 + ((count * 7919) % 50_000), `${name}-${count}`);
      const hash = createHash('sha256').update(body).digest('hex');
      // Begins with the digest of what follows, so that any reader can tell whether it is whole.
      const bytes = Buffer.concat([Buffer.from(hash), body]);
      const key = `killed/${name}/${count}`;
      say(`${key} ${await publishBytes(store, key, bytes, false)} ${hash}`);
      say(`killed/shared ${await publishBytes(store, 'killed/shared', bytes, true)} ${hash}`);
      await store.objects.rename(key, `${key}-renamed`);
      say(`${key}-renamed`);
    }
  },
};

await tasks[task]!();
