import { Buffer } from 'node:buffer';
import type { Commands } from '../../../services/ftp/command.ts';
import type { Random } from './random.ts';

/** Command lines as a grammar of all verbs makes them, and what mutations make of those. */

const names = [
  'a',
  'b.txt',
  'in/a',
  '/in/b',
  'in',
  '/',
  '..',
  '../../../etc/passwd',
  'a.part',
  'in/./../in/c',
  'd'.repeat(255),
  'd/'.repeat(40),
  ' a b ',
  '"q"',
  '-la',
  '*',
  'in/*.tx?',
  '{a,b}*[',
  '~',
  'grün',
  '日本',
  'a\tb\x1b[2J',
  '%s%n',
  '\u202e',
];
/** So that one session finds what another left. */
const fewNames = ['a', 'in/a', '/in/b', 'b.part'];
const numbers = [
  '0',
  '1',
  '5',
  '65536',
  '4294967296',
  '999999999999999',
  '-1',
  '1e9',
  '00',
  ' 7 ',
  '9'.repeat(40),
];
const hosts = [
  '127,0,0,1,4,1',
  '127,0,0,1,0,21',
  '1,2,3,4,5,6',
  '|1|127.0.0.1|1025|',
  '|2|::1|9|',
  '|1|8.8.8.8|80|',
  '|||1|',
  '256,0,0,0,0,0',
];
const words = [
  'A',
  'I',
  'L 8',
  'E N',
  'S',
  'Z',
  'B',
  'F',
  'R',
  'ALL',
  '1',
  '2',
  'UTF8 ON',
  'UTF8 OFF',
  'MLST size;',
  'MLST',
  'HASH SHA-1',
  'MODE Z LEVEL 9',
  'HELP',
  'CHMOD 644 a',
  'CHMOD u+x,go= a',
  'UMASK 022',
  'NAMEFMT 1',
  '-lat a',
  'UTIME a',
  'TLS',
  'P',
  'C',
  'ftp.example',
  'EN',
  '20260101000000 a',
  '20260101000000',
];

const argument = (random: Random): string => {
  if (random.chance(0.2)) return '';
  const pool = random.of([names, names, names, numbers, hosts, words]);
  const first = random.of(pool);
  return random.chance(0.1) ? `${first} ${random.of(random.of([names, numbers, words]))}` : first;
};

/** What belongs together, and what chance would hardly put together; `%` is a name. */
const sequences: readonly (readonly string[])[] = [
  ['EPSV', 'STOR %'],
  ['PASV', 'STOR %'],
  ['TYPE A', 'EPSV', 'STOR %'],
  ['TYPE I', 'EPSV', 'STOR %', 'SIZE %'],
  ['ALLO 100', 'EPSV', 'STOR %'],
  ['REST 3', 'EPSV', 'STOR %'],
  ['EPSV', 'APPE %'],
  ['EPSV', 'STOU'],
  ['EPSV', 'STOR %', 'ABOR'],
  ['MODE Z', 'EPSV', 'STOR %'],
  ['EPSV', 'RETR %'],
  ['PASV', 'RETR %'],
  ['REST 2', 'EPSV', 'RETR %'],
  ['TYPE A', 'PASV', 'RETR %'],
  ['EPSV', 'LIST'],
  ['EPSV', 'MLSD', 'STAT'],
  ['EPSV', 'NLST %'],
  ['EPSV ALL', 'EPSV', 'LIST'],
  ['RNFR %', 'RNTO %'],
  ['MKD %', 'CWD %', 'PWD', 'CDUP', 'RMD %'],
  ['AUTH TLS', 'PBSZ 0', 'PROT P', 'EPSV', 'STOR %'],
  ['AUTH TLS', 'USER acme', 'PASS correct horse', 'PROT C', 'CCC'],
];

/** A few lines that make sense one after the other, or one that hardly does. */
export function anyLines(random: Random, commands: Commands): Buffer[] {
  const spoken = random.chance(0.3)
    ? random.of(sequences).map((line) => line.replace('%', random.of(random.of([fewNames, names]))))
    : [anyLine(random, commands)];
  return spoken.map((line) => Buffer.from(`${random.chance(0.05) ? line.toLowerCase() : line}\r\n`));
}

function anyLine(random: Random, commands: Commands): string {
  const text = argument(random);
  return `${random.of([...Object.keys(commands), 'XYZZY', ''])}${text === '' ? '' : ' '}${text}`;
}

const insert = (line: Buffer, at: number, what: Buffer): Buffer =>
  Buffer.concat([line.subarray(0, at), what, line.subarray(at)]);

const mutations: readonly ((line: Buffer, random: Random) => Buffer)[] = [
  (line, random) => line.subarray(0, random.number(line.length)),
  (line) => line.subarray(0, -2),
  (line) => Buffer.concat([line.subarray(0, -2), Buffer.from('\n')]),
  (line) => Buffer.concat([line.subarray(0, -2), Buffer.from('\r')]),
  (line, random) => insert(line, random.number(line.length), random.bytes(1 + random.number(40))),
  (line, random) => insert(line, random.number(line.length), Buffer.from('\xff\xf4\xff\xf2', 'latin1')),
  (line, random) => insert(line, random.number(line.length), Buffer.from('\xff\xfa\x01', 'latin1')),
  (line, random) => insert(line, random.number(line.length), Buffer.from('\xff\xfb\x01\xff\xff', 'latin1')),
  (line, random) => insert(line, random.number(line.length), Buffer.from('\0')),
  (line, random) => insert(line, random.number(line.length), Buffer.alloc(random.number(20_000), 'A')),
  (line, random) => insert(line, random.number(line.length), Buffer.from('\r\nNOOP\r\n')),
  (line, random) => {
    const flipped = Buffer.from(line);
    flipped[random.number(line.length)]! ^= 1 << random.number(8);
    return flipped;
  },
  (line, random) => Buffer.concat(Array.from({ length: 2 + random.number(80) }, () => line)),
  // A TLS handshake where none was asked for: the head of a ClientHello.
  (_line, random) => Buffer.concat([Buffer.from('16030100c8010000c40303', 'hex'), random.bytes(190)]),
  (_line, random) => random.bytes(random.number(600)),
  () => Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
];

export const mutated = (line: Buffer, random: Random): Buffer =>
  line.length === 0 ? line : random.of(mutations)(line, random);
