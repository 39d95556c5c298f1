import type { Partner } from './partner.ts';

/** The way in, for every protocol: who may log in, how often, from where. */
export interface Gate {
  /**
   * The partner whose login this is. Throws `bad-credentials`, the same and after the same time whether the user is
   * unknown, disabled, comes from a wrong address or has another password; `limit-reached` after too many failures.
   */
  login(user: string, password: string, address: string): Promise<Partner>;
}
