import { Buffer } from 'node:buffer';
import { type Arrival, newArrivalId } from '../../core/arrival.ts';
import { createLedger } from '../../core/ledger.ts';
import { feedFor } from '../../core/partner.ts';
import type { Store } from '../../core/ports/store.ts';
import type { StagePorts, Work } from '../../core/stage.ts';
import { validate } from '../../workers/validate/validate.ts';
import { aPartner } from '../support/a-partner.ts';
import { anArrival } from '../support/an-arrival.ts';
import { createMemoryStore } from '../support/memory-store.ts';

/** A partner whose only feed takes `/in/*`, and the stage on a store, one in memory where none is given. */
export function openValidateLab(
  feed: { accept?: object; acknowledge?: object; scan?: 'off' } = {},
  store: Store = createMemoryStore(),
) {
  const ledger = createLedger(store);
  const partner = aPartner({ feeds: [{ name: 'orders', path: '/in/*', ...feed }] });
  const ports = { store, ledger } as unknown as StagePorts;

  return {
    store,
    ledger,
    /** An upload of the bytes, published. */
    async arrive(
      name: string,
      content: string | Uint8Array,
      known: Partial<Pick<Arrival, 'receivedAt' | 'digests'>> = {},
    ): Promise<Work> {
      const path = `/in/${name}`;
      const key = `files/acme${path}`;
      const id = newArrivalId();
      const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
      const upload = await store.uploads.begin(key, id);
      await upload.write(bytes);
      await upload.seal();
      await upload.publish({ replace: true });
      const arrival = anArrival({ id, key, path, size: bytes.length, digests: {}, ...known });
      return { arrival, partner, feed: feedFor(partner, path), signal: new AbortController().signal };
    },
    validate: (work: Work) => validate(work, ports),
    put: (path: string, text: string) => store.objects.put(`files/acme${path}`, Buffer.from(text)),
    /** The files of the acknowledge folder, by name, in the order of names. */
    async replies(): Promise<Record<string, string>> {
      const found: [string, string][] = [];
      if (!(await store.folders.head('files/acme/out'))) return {};
      for await (const { name } of store.folders.list('files/acme/out')) {
        let text = '';
        for await (const chunk of store.objects.read(`files/acme/out/${name}`))
          text += chunk.toString('latin1');
        found.push([name, text]);
      }
      return Object.fromEntries(found.sort(([one], [other]) => one.localeCompare(other)));
    },
  };
}
