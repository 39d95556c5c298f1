import type { Buffer } from 'node:buffer';
import { Fault } from '../core/fault.ts';
import type { Landing } from '../core/landing.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Zone } from '../core/zone.ts';

type Direction = 'upload' | 'download';

/** The zone, with its transfers counted by outcome and their bytes, as these pass. */
export function meteredZone(zone: Zone, metrics: Metrics): Zone {
  const moved = (direction: Direction, bytes: number): void =>
    metrics.add('landfall_transfer_bytes_total', { direction }, bytes);
  const ended = (direction: Direction, fault?: Fault): void =>
    metrics.add('landfall_transfers_total', { direction, outcome: fault?.code ?? 'done' });

  const meteredLanding = (landing: Landing): Landing => ({
    ...landing,
    get size() {
      return landing.size;
    },
    async write(chunk) {
      await landing.write(chunk);
      moved('upload', chunk.length);
    },
    async commit(evidence, heard) {
      try {
        const arrival = await landing.commit(evidence, heard);
        ended('upload');
        return arrival;
      } catch (thrown) {
        ended('upload', Fault.from(thrown));
        throw thrown;
      }
    },
    async giveUp(fault) {
      ended('upload', fault);
      await landing.giveUp(fault);
    },
  });

  async function* meteredBytes(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    // Whoever stops asking gives up.
    let fault: Fault | undefined = new Fault('cancelled');
    try {
      for await (const chunk of bytes) {
        yield chunk;
        moved('download', chunk.length);
      }
      fault = undefined;
    } catch (thrown) {
      fault = Fault.from(thrown);
      throw thrown;
    } finally {
      ended('download', fault);
    }
  }

  return {
    ...zone,
    get partner() {
      return zone.partner;
    },
    upload: async (path, how, sender) => meteredLanding(await zone.upload(path, how, sender)),
    async read(path, from, to) {
      const download = await zone.read(path, from, to);
      return { ...download, bytes: meteredBytes(download.bytes) };
    },
  };
}
