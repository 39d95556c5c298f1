/** Which listeners of the fleet live, and where they reach each other. A listener on its own is alone in it. */
export interface Listeners {
  /**
   * Says that this listener lives, and `address` (`HOST:PORT`) is where others reach it. It stays so by a lease, so
   * that one which was killed is forgotten by itself. The answer takes it back; calling it twice does no harm.
   */
  join(address: string): Promise<() => Promise<void>>;
  /** Addresses of all that live, this one's included, in no promised order. */
  living(): Promise<readonly string[]>;
}
