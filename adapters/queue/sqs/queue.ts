import { Fault } from '../../../core/fault.ts';
import { bodyBytes } from '../../../core/message-body.ts';
import type { Queue } from '../../../core/ports/queue.ts';
import { type AdoptedDelivery, adopt, type EventRecord, fromRecord, queueNameIn } from './adopted.ts';
import { type Ahead, createAhead } from './ahead.ts';
import { listDeadLetters, redriveDeadLetters } from './dead-letters.ts';
import { createDelivery, type Pair } from './delivery.ts';
import type { Received } from './message.ts';
import { createPolls } from './polls.ts';
import { findQueues, fullName } from './queue-urls.ts';
import { createRemoteQueue } from './remote-queue.ts';
import { createRequests } from './requests.ts';
import type { SqsPlace } from './url.ts';

/** The queues, also for messages that somebody else has received. */
export interface SqsQueue extends Queue {
  /**
   * The messages of an event of Lambda as deliveries. Those that were received before their time are hidden again and
   * left out. Throws `bad-argument` for a message of a queue that is not in the pipeline.
   */
  adopt(records: readonly EventRecord[]): Promise<AdoptedDelivery[]>;
}

/** One queue of the pipeline. */
interface Lane extends Pair {
  readonly ahead: Ahead;
}

/**
 * The queues of the pipeline on SQS: standard queues found by name at start, each with a dead-letter queue.
 *
 * Where SQS is less than the port: times are whole seconds, rounded up; a send of several messages may fail when
 * some of them are sent already, so who repeats it sends those twice; `depth` is approximate; after 14 days, or the
 * queue's own retention, a message is gone. Throws `queue-down`, and `bad-argument` for a queue that is not in the
 * pipeline.
 */
export async function openSqsQueue(place: SqsPlace): Promise<SqsQueue> {
  const requests = createRequests(place);
  const lanes = new Map<string, Lane>();
  let closed = false;

  try {
    for (const [name, { url, deadUrl }] of await findQueues(requests, place)) {
      const main = createRemoteQueue(requests, url, place.groups);
      const dead = createRemoteQueue(requests, deadUrl, place.groups);
      lanes.set(name, { main, dead, ahead: createAhead(createPolls(main), main) });
    }
  } catch (thrown) {
    requests.close();
    throw thrown;
  }

  const laneOf = (queue: string): Lane => {
    if (closed) throw new Fault('queue-down', 'it is closed');
    const lane = lanes.get(queue);
    if (!lane) throw new Fault('bad-argument', `there is no queue "${queue}" in the pipeline`);
    return lane;
  };

  /** Hides what was received before its time again; answers the others. */
  const dueOf = async ({ main }: Lane, messages: readonly Received[]): Promise<Received[]> => {
    const leftMs = ({ attributes }: Received) => Number(attributes.notBefore ?? 0) - Date.now();
    const early = messages.filter((message) => leftMs(message) > 0);
    await Promise.all(early.map((message) => main.hide(message, leftMs(message))));
    return messages.filter((message) => !early.includes(message));
  };

  return {
    async send(queue, messages) {
      const { main } = laneOf(queue);
      for (const { body } of messages) bodyBytes(body);
      const sent = await Promise.allSettled(messages.map((message) => main.send(message)));
      for (const result of sent) if (result.status === 'rejected') throw result.reason;
    },

    async receive(queue, { max, waitMs, visibilityMs }, signal) {
      const lane = laneOf(queue);
      const until = performance.now() + waitMs;
      for (let leftMs = waitMs; !signal.aborted; leftMs = until - performance.now()) {
        const wanted = { max, waitMs: Math.max(0, leftMs), visibilityMs };
        const messages = await dueOf(lane, await lane.ahead.receive(wanted, signal));
        if (messages.length > 0) {
          return messages.map((message) => createDelivery(lane, message, visibilityMs, lane.ahead.done));
        }
        if (performance.now() >= until) break;
      }
      return [];
    },

    async adopt(records) {
      const adopted = [...Map.groupBy(records, queueNameIn)].map(async ([fullQueueName, own]) => {
        const queue = [...lanes.keys()].find((name) => fullName(name, place) === fullQueueName);
        const lane = laneOf(queue ?? fullQueueName);
        const due = await dueOf(lane, own.map(fromRecord));
        return due.map((message) => adopt(queue!, lane, message));
      });
      return (await Promise.all(adopted)).flat();
    },

    deadLetters: async (queue) => listDeadLetters(laneOf(queue)),

    redrive: async (queue, ids) => redriveDeadLetters(laneOf(queue), ids),

    async depth(queue) {
      const { main, dead } = laneOf(queue);
      const [alive, gone] = await Promise.all([main.counts(), dead.counts()]);
      return { ...alive, dead: gone.waiting + gone.inFlight };
    },

    async close() {
      if (closed) return;
      closed = true;
      for (const { main, dead, ahead } of lanes.values()) {
        await ahead.close();
        await Promise.all([main.close(), dead.close()]);
      }
      requests.close();
    },
  };
}
