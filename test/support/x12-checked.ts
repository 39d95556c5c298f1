import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { createFindings } from '../../workers/validate/finding.ts';
import { createEnvelope } from '../../workers/validate/x12/envelope.ts';
import { createSegmentScanner } from '../../workers/validate/x12/segment-scanner.ts';

export const ediSample = (name: string): string =>
  readFileSync(new URL(`edi/${name}`, import.meta.url), 'latin1');

/** The envelope of a file that comes in chunks; each chunk's memory is overwritten when it was read. */
export function checkX12(...chunks: readonly (string | Uint8Array)[]) {
  const findings = createFindings();
  const envelope = createEnvelope(findings);
  const scanner = createSegmentScanner(envelope);
  for (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : Buffer.from(chunk);
    scanner.write(bytes);
    bytes.fill('~');
  }
  scanner.end();
  envelope.end();
  const codes = (severity: string) =>
    findings.kept.filter((one) => one.severity === severity).map(({ code }) => code.replace('x12.', ''));
  return { findings, envelope, errors: codes('error'), warnings: codes('warning') };
}
