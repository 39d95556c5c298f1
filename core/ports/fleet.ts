import type { Expectations } from './expectations.ts';
import type { Listeners } from './listeners.ts';
import type { TicketKeys } from './ticket-keys.ts';

/** What the listeners must know of each other. In process for one listener, Redis for many. */
export interface Fleet {
  readonly listeners: Listeners;
  readonly expectations: Expectations;
  readonly ticketKeys: TicketKeys;
  /**
   * Counts a session in. Throws `limit-reached`, naming the limit, when there are as many sessions as `limits`
   * allows. The answer counts it out again; calling it twice does no harm.
   */
  enter(who: SessionKey, limits: SessionLimits): Promise<() => Promise<void>>;
  /** How long the next login for this user or address must wait, in milliseconds: 0 when it need not. */
  loginDelayMs(who: LoginKey): Promise<number>;
  /** A login failed (or, with `false`, succeeded: the user's failures are forgotten, and its address is known). */
  loginFailed(who: LoginKey, failed: boolean): Promise<void>;
  /** Whether somebody logged in from this address within the last weeks, at any listener. */
  hasLoggedIn(address: string): Promise<boolean>;
  /** Since when this listener goes on by what it knows alone, as the fleet's engine does not answer. */
  aloneSince(): Date | undefined;
  close(): Promise<void>;
}

export interface SessionKey {
  /** Counted by address before the login, by partner after it. The address is a sender's; see `senderOf`. */
  readonly address?: string;
  readonly partner?: string;
  /** Beside the partner, where its sessions are limited by sender too. */
  readonly sender?: string;
}

export interface SessionLimits {
  readonly total?: number;
  readonly perAddress?: number;
  readonly perPartner?: number;
  /** Sessions of the partner from the sender. */
  readonly perSender?: number;
}

export interface LoginKey {
  readonly user: string;
  readonly address: string;
}
