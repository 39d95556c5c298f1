/** What is wrong in a partner's file, and where. Lines and columns count from 1. */
export interface PartnerFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `feeds[0].deliver[1].to`; empty when it is about the file. */
  readonly field: string;
  readonly message: string;
}

/** `data/partners/acme.yaml:4:11: logins[0].password: must be ...` */
export const showPartnerFault = ({ file, line, column, field, message }: PartnerFault): string =>
  `${file}:${line}:${column}: ${field === '' ? '' : `${field}: `}${message}`;

/** Faults that a message shows; a folder of wrong files has any number. */
const MAX_SHOWN = 50;

/** The partners' files cannot be used. */
export class PartnersError extends Error {
  readonly faults: readonly PartnerFault[];

  constructor(faults: readonly PartnerFault[]) {
    const lines = faults.slice(0, MAX_SHOWN).map((fault) => `  ${showPartnerFault(fault)}`);
    if (faults.length > MAX_SHOWN) lines.push(`  and ${faults.length - MAX_SHOWN} more`);
    super(`The partners' files are not valid:\n${lines.join('\n')}`);
    this.name = 'PartnersError';
    this.faults = faults;
  }
}
