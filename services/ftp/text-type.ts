import type { Session } from './session.ts';

/**
 * Whether TYPE A holds and means what RFC 959 §3.1.1.1 says: that line ends are converted. Not for a partner whose
 * programs send in it whatever they have; for them it is TYPE I by another name.
 */
export const convertsText = ({ type, visit }: Pick<Session, 'type' | 'visit'>): boolean =>
  type === 'A' && visit?.zone.partner.ftp.ascii !== 'keep';
