/**
 * Numbers for operators. Names and units are Prometheus's conventions: base units, `_total` for what only grows. Each
 * row is a metric with its labels; their values come from tables of ours, never from a peer, so they are bounded.
 */

interface Row {
  readonly help: string;
  readonly labels: readonly string[];
}

export const counters = {
  landfall_sessions_opened_total: { help: 'Sessions that were let in.', labels: [] },
  landfall_connections_refused_total: {
    help: 'Connections that were answered 421 for a limit before their session began.',
    labels: [],
  },
  landfall_logins_total: { help: 'Logins by outcome: accepted, or why not.', labels: ['outcome'] },
  landfall_transfers_total: {
    help: 'Transfers that ended, by outcome: done, or why not.',
    labels: ['direction', 'outcome'],
  },
  landfall_transfer_bytes_total: { help: 'Bytes of files that were taken or given.', labels: ['direction'] },
  landfall_data_connections_direct_total: {
    help: 'Passive data connections that came to the listener which expected them.',
    labels: [],
  },
  landfall_data_connections_stray_total: {
    help: 'Data connections that nobody here expected.',
    labels: [],
  },
  landfall_relays_total: {
    help: 'Of those, by what became of it: relayed to the listener that expects it, or why it was reset.',
    labels: ['outcome'],
  },
  landfall_relays_received_total: {
    help: 'Data connections that came by way of another listener.',
    labels: [],
  },
  landfall_relay_bytes_total: {
    help: 'Bytes that were relayed for other listeners, from the client or from the owner of its session.',
    labels: ['from'],
  },
  landfall_relay_claims_refused_total: {
    help: 'Connections to the relay port that did not show that they bring what a session here expects.',
    labels: [],
  },
  landfall_stages_total: {
    help: 'Attempts of stages by outcome: the result, held (to be tried again) or failed.',
    labels: ['stage', 'outcome'],
  },
} as const satisfies Record<string, Row>;

export const gauges = {
  landfall_sessions: { help: 'Sessions that are open.', labels: [] },
  landfall_data_connections_expected: {
    help: 'Passive data connections that sessions wait for.',
    labels: [],
  },
  landfall_relays: { help: 'Data connections that are relayed to other listeners now.', labels: [] },
  landfall_buffer_block_bytes: { help: 'Size of one buffer of a transfer.', labels: [] },
  landfall_buffer_blocks_used: { help: 'Buffers that transfers have now.', labels: [] },
  landfall_buffer_blocks_peak: { help: 'Buffers that transfers had at most since the start.', labels: [] },
  landfall_queue_messages: { help: 'Messages of a queue, by state.', labels: ['queue', 'state'] },
  landfall_part_state: {
    help: 'What readiness asks for: 1 for the state that the part is in.',
    labels: ['part', 'state'],
  },
} as const satisfies Record<string, Row>;

export const durations = {
  landfall_stage_duration_seconds: { help: 'Time that an attempt of a stage took.', labels: ['stage'] },
} as const satisfies Record<string, Row>;

type Labels<R extends Row> = Readonly<Record<R['labels'][number], string>>;
export type Counter = keyof typeof counters;
export type Gauge = keyof typeof gauges;
export type Duration = keyof typeof durations;

export interface Reading<G extends Gauge> {
  readonly labels: Labels<(typeof gauges)[G]>;
  readonly value: number;
}

export interface Metrics {
  /** Adds `by`, 1 when missing. */
  add<C extends Counter>(counter: C, labels: Labels<(typeof counters)[C]>, by?: number): void;
  took<D extends Duration>(duration: D, labels: Labels<(typeof durations)[D]>, seconds: number): void;
  /** `read` is asked whenever somebody looks. One that throws leaves its metric out. */
  watch<G extends Gauge>(gauge: G, read: () => readonly Reading<G>[] | Promise<readonly Reading<G>[]>): void;
}
