/**
 * What one command leaves for a later one (RFC 959 §5.4: RNFR and RNTO, REST and RETR), as data. Any command that is
 * not named here takes it away.
 */
export interface Left {
  /** RNFR: the path. */
  readonly renameFrom?: string;
  /** REST: bytes. */
  readonly restart?: number;
  /** RANG: the first and the last byte. */
  readonly range?: { readonly first: number; readonly last: number };
  /** ALLO: bytes. */
  readonly announced?: number;
  /** SIZE: the path of an interrupted upload, whose bytes it told. */
  readonly sizeOfCut?: string;
}

interface Row {
  readonly usedBy: readonly string[];
  readonly outlives: readonly string[];
}

const urgent = ['NOOP', 'STAT'];
const preparing = ['PASV', 'EPSV', 'PORT', 'EPRT', 'TYPE', 'MODE', 'STRU', 'SIZE', 'MDTM', ...urgent];

const rows: Record<keyof Left, Row> = {
  renameFrom: { usedBy: ['RNTO'], outlives: urgent },
  restart: { usedBy: ['RETR', 'STOR'], outlives: [...preparing, 'ALLO'] },
  // An upload must know of it, to refuse it: a part would take the place of the whole.
  range: { usedBy: ['RETR', 'HASH', 'STOR', 'APPE', 'STOU'], outlives: preparing },
  sizeOfCut: { usedBy: ['RETR'], outlives: [...preparing, 'REST'] },
  announced: { usedBy: ['STOR', 'APPE', 'STOU'], outlives: [...preparing, 'REST'] },
};

const choose = (left: Left, verb: string, column: keyof Row): Left =>
  Object.fromEntries(
    Object.entries(left).filter(([name]) => rows[name as keyof Left][column].includes(verb)),
  );

/** What the command gets of what is left, and what stays for those after it. */
export const handOver = (left: Left, verb: string): { given: Left; staying: Left } => ({
  given: choose(left, verb, 'usedBy'),
  staying: choose(left, verb, 'outlives'),
});
