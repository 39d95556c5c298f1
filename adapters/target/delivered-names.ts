import { Buffer } from 'node:buffer';
import type { Arrival } from '../../core/arrival.ts';
import { Fault } from '../../core/fault.ts';
import { baseName, cutToBytes, MAX_SEGMENT_BYTES } from '../../core/paths.ts';

/**
 * The names that a delivered file may get, in the order to be tried: the sender's, and, where both are to be kept,
 * one that only this run of this arrival has: `po ~1a2b3c4d5e6f.x12`. Throws `target-refused` for what is no name.
 */
export function deliveredNames(arrival: Arrival, existing: 'keep-both' | 'replace' | 'refuse'): string[] {
  const name = baseName(arrival.path);
  if (['', '.', '..'].includes(name) || name.includes('\0')) {
    throw new Fault('target-refused', `${JSON.stringify(name)} cannot be the name of a file`);
  }
  return existing === 'keep-both' ? [name, ownName(name, arrival)] : [name];
}

function ownName(name: string, { id, run }: Arrival): string {
  const mark = ` ~${id.slice(-12)}${run > 1 ? `-${run}` : ''}`;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? name.slice(dot) : '';
  // An "extension" that leaves no room for the rest is none.
  const kept = Buffer.byteLength(extension) <= MAX_SEGMENT_BYTES / 2 ? extension : '';
  const stem = name.slice(0, name.length - kept.length);
  return `${cutToBytes(stem, MAX_SEGMENT_BYTES - Buffer.byteLength(mark + kept))}${mark}${kept}`;
}
