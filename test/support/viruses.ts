import { Buffer } from 'node:buffer';

/** Harmless texts that scanners report; put together here, so that no scanner reports this file. */
export const eicar = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-ANTIVIRUS', '-TEST-FILE!$H+H*'].join(''),
);
/** Known to the signatures of `adapters/scanner/test-signatures/` only. */
export const testVirus = Buffer.from(['LANDFALL', '-TEST', '-VIRUS'].join(''));
