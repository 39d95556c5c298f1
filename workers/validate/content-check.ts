import type { Buffer } from 'node:buffer';
import type { Feed } from '../../core/feed.ts';
import type { StagePorts, Work } from '../../core/stage.ts';
import type { Findings } from './finding.ts';
import type { Verdict } from './verdict.ts';
import { openX12Check } from './x12/check.ts';

/** The check of one format's content, in one pass over the bytes. */
export interface ContentCheck {
  /** The chunk is valid until this returns. */
  write(chunk: Buffer): void;
  /** After the last byte: the last findings are added. */
  end(): void;
  /**
   * Decides, once everything else about the file is known. May claim what may come once, and may be called again for
   * the same arrival after a crash, with the same answer.
   */
  settle(context: SettleContext): Promise<Settlement>;
}

export interface SettleContext extends Pick<Work, 'arrival' | 'partner' | 'feed'> {
  readonly ledger: StagePorts['ledger'];
  readonly sha256: string;
}

export interface Settlement {
  readonly verdict: Verdict;
  /** Facts for the timeline; small. */
  readonly details: Record<string, unknown>;
  /** For the sender, in the terms of the format, the ending of its name included. */
  readonly acknowledgement?: { readonly ending: string; readonly bytes: Buffer };
}

type Format = Feed['accept']['format'];

/** A row is a format whose content is looked into, beyond its first bytes. */
export const contentChecks: Partial<Record<Format, (findings: Findings) => ContentCheck>> = {
  x12: openX12Check,
};
