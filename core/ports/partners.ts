import type { Partner } from '../partner.ts';

/** Who may come and what becomes of their files. Answers from memory; the source reloads it when it changes. */
export interface Partners {
  named(partner: string): Partner | undefined;
  /** The partner that has this login, with its password hash. */
  login(user: string): { partner: Partner; password: string } | undefined;
  all(): readonly Partner[];
  close(): Promise<void>;
}
