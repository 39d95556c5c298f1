import { freePorts } from './free-ports.ts';

/**
 * A port that nobody has, for programs that cannot choose one themselves. Not of those that systems hand out: until the
 * program listens, whoever dials somewhere could get it.
 */
export async function freePort(): Promise<number> {
  return (await freePorts(1)).first;
}
