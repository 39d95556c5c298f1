import type { Login, Partner } from '../partner.ts';

/** Who may come and what becomes of their files. Answers from memory; the source reloads it when it changes. */
export interface Partners {
  named(partner: string): Partner | undefined;
  /** The partner that has this user's login, and the login. */
  login(user: string): { partner: Partner; login: Login } | undefined;
  all(): readonly Partner[];
  close(): Promise<void>;
}
