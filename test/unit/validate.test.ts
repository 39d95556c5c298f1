import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDiskStore } from '../../adapters/store/disk/store.ts';
import { SNIFF_BYTES } from '../../workers/validate/sniff.ts';
import { openValidateLab } from './validate-lab.ts';

const digestOf = (name: string, text: string): string => createHash(name).update(text).digest('hex');
const codesOf = (outcome: { reasons?: readonly { code: string }[] }) =>
  outcome.reasons?.map(({ code }) => code);

describe('a file', () => {
  it('passes on to the scan with its digest', async () => {
    const lab = openValidateLab();
    const outcome = await lab.validate(await lab.arrive('a.txt', 'hello'));
    expect(outcome).toMatchObject({
      result: 'passed',
      reasons: [],
      next: [{ stage: 'scan' }],
      details: { type: 'text', errors: 0 },
      digests: { sha256: digestOf('sha256', 'hello') },
    });
    expect(await lab.replies()).toEqual({});
  });

  it('passes on to the route where nothing is scanned', async () => {
    const lab = openValidateLab({ scan: 'off' });
    expect((await lab.validate(await lab.arrive('a.txt', 'hello'))).next).toEqual([{ stage: 'route' }]);
  });

  it.each([
    [{ minSize: 10 }, 'a.txt', 'hello', ['too-small']],
    [{ maxSize: 4 }, 'a.txt', 'hello', ['too-large']],
    [{}, 'a\x1b[2J.txt', 'hello', ['name-control-characters']],
    [{}, 'invoice\u202egpj.exe', 'MZ\0', ['name-bidirectional']],
    [{ format: 'csv' }, 'a.csv', '\x7fELF\x02', ['wrong-type']],
    [{ format: 'x12' }, 'a.x12', '\0\x01\x02garbage', ['wrong-type']],
  ])('of a feed with %j is rejected as %s', async (accept, name, content, expected) => {
    const lab = openValidateLab({ accept });
    const outcome = await lab.validate(await lab.arrive(name, content));
    expect(outcome).toMatchObject({ result: 'rejected', next: [] });
    expect(codesOf(outcome)).toEqual(expected);
  });

  it('of the wrong type is told both types', async () => {
    const lab = openValidateLab({ accept: { format: 'pdf' } });
    const outcome = await lab.validate(await lab.arrive('a.pdf', 'PK\x03\x04'));
    expect(outcome.reasons![0]!.message).toBe(
      'the content is not what this feed takes; expected pdf; found zip',
    );
  });

  it('with a name that is only awkward passes with a warning', async () => {
    const lab = openValidateLab();
    const outcome = await lab.validate(await lab.arrive('a:b?.txt', 'hello'));
    expect(outcome).toMatchObject({ result: 'passed', details: { warnings: 1 } });
  });

  it.each([
    [5, {}],
    [5, { sha256: '00' }],
    [100_000, {}],
    [100_000, { sha256: '00' }],
  ])('of which %i bytes are there, one too few, is tried again, with digests %j', async (size, digests) => {
    const lab = openValidateLab();
    const work = await lab.arrive('a.txt', 'x'.repeat(size), { digests });
    const longer = { ...work, arrival: { ...work.arrival, size: size + 1 } };
    await expect(lab.validate(longer)).rejects.toMatchObject({ code: 'store-down' });
  });

  it.each([
    ['its beginning', { format: 'any' }, { sha256: '00' }, SNIFF_BYTES],
    ['all of it, for its digest', { format: 'any' }, {}, 100_000],
    ['all of it, for its content', { format: 'x12' }, { sha256: '00' }, 100_000],
  ])('is read no further than is needed: %s', async (_, accept, digests, expected) => {
    const lab = openValidateLab({ accept });
    const { read } = lab.store.objects;
    let bytes = 0;
    lab.store.objects.read = async function* (key, range) {
      for await (const chunk of read(key, range)) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    await lab.validate(await lab.arrive('a.txt', 'x'.repeat(100_000), { digests }));
    expect(bytes).toBe(expected);
  });
});

describe('a checksum beside the file', () => {
  it('is not looked for where the name leaves no room for its ending', async () => {
    const root = await mkdtemp(join(tmpdir(), 'validate-'));
    const store = await openDiskStore({ root });
    const lab = openValidateLab({}, store);
    const outcome = await lab.validate(await lab.arrive('n'.repeat(255), 'hello'));
    await rm(root, { recursive: true });
    expect(outcome).toMatchObject({ result: 'passed', details: { type: 'text' } });
  });

  it.each([
    ['sha256', (hex: string) => hex],
    ['sha512', (hex: string) => `${hex}  a.txt\n`],
    ['sha1', (hex: string) => `${hex.toUpperCase()} *in/a.txt\r\n`],
    ['md5', (hex: string) => `MD5 (a.txt) = ${hex}\n`],
    ['sha256', (hex: string) => `${'0'.repeat(64)}  other.txt\n${hex}  a.txt\n`],
  ])('in a form of %s is compared', async (digest, write) => {
    const lab = openValidateLab();
    await lab.put(`/in/a.txt.${digest}`, write(digestOf(digest, 'hello')));
    const good = await lab.validate(await lab.arrive('a.txt', 'hello'));
    expect(good).toMatchObject({ result: 'passed', digests: { [digest]: digestOf(digest, 'hello') } });

    const bad = await lab.validate(await lab.arrive('a.txt', 'hullo'));
    expect(codesOf(bad)).toEqual(['checksum-mismatch']);
    expect(bad.reasons![0]!.message).toContain(digestOf(digest, 'hello'));
    expect(bad.reasons![0]!.message).toContain(digestOf(digest, 'hullo'));
  });

  it.each(['', 'not hex', `${'0'.repeat(64)}  other.txt`, '0'.repeat(63), 'x'.repeat(1 << 20)])(
    'that says nothing of the file is no checksum',
    async (text) => {
      const lab = openValidateLab();
      await lab.put('/in/a.txt.sha256', text);
      expect(codesOf(await lab.validate(await lab.arrive('a.txt', 'hello')))).toEqual([
        'checksum-unreadable',
      ]);
    },
  );

  it('is not looked at where the feed says so', async () => {
    const lab = openValidateLab({ accept: { checksum: 'off' } });
    await lab.put('/in/a.txt.sha256', '0'.repeat(64));
    expect((await lab.validate(await lab.arrive('a.txt', 'hello'))).result).toBe('passed');
  });

  it('that is required is waited for, and then no more', async () => {
    const lab = openValidateLab({ accept: { checksum: 'required' } });
    const now = new Date().toISOString();
    const early = lab.validate(await lab.arrive('a.txt', 'hello', { receivedAt: now }));
    await expect(early).rejects.toMatchObject({ code: 'incomplete', retry: true });
    const late = await lab.validate(
      await lab.arrive('a.txt', 'hello', { receivedAt: '2026-01-01T00:00:00.000Z' }),
    );
    expect(codesOf(late)).toEqual(['checksum-missing']);
  });

  it('passes by no name that another file may not have', async () => {
    const name = 'po\u202e.txt';
    const lab = openValidateLab();
    const sum = `${digestOf('sha256', 'hello')}  ${name}\n`;
    const outcome = await lab.validate(await lab.arrive(`${name}.sha256`, Buffer.from(sum)));
    expect(codesOf(outcome)).toEqual(['name-bidirectional']);
  });

  it.each(['a.x12', 'bestellung-münchen.x12'])('of %s passes itself', async (name) => {
    const lab = openValidateLab({ accept: { format: 'x12', checksum: 'required' } });
    const sum = Buffer.from(`${'0'.repeat(64)}  ${name}\n`);
    expect(await lab.validate(await lab.arrive(`${name}.sha256`, sum))).toMatchObject({
      result: 'passed',
      details: { type: 'checksum' },
      next: [{ stage: 'scan' }],
    });
  });

  it('is no other file of such a name', async () => {
    const lab = openValidateLab({ accept: { format: 'x12', checksum: 'required' } });
    await lab.put('/in/b.sha256.md5', digestOf('md5', 'MZ\0'));
    const other = await lab.validate(await lab.arrive('b.sha256', 'MZ\0'));
    expect(codesOf(other)).toEqual(['wrong-type']);
  });
});

describe('the report', () => {
  it('tells the sender, in printable characters only', async () => {
    const lab = openValidateLab({ accept: { format: 'json' } });
    const { arrival, ...rest } = await lab.arrive('a\x1b[2J.json', 'MZ\0');
    await lab.validate({ arrival, ...rest });
    const [[name, text] = ['', '']] = Object.entries(await lab.replies());
    expect(name).toBe(`a_[2J.json.${arrival.id.slice(-12)}.report.txt`);
    expect(text).toMatch(/^[\x20-\x7e\r\n]*$/);
    expect(text).toContain('File:      /in/a\\x1b[2J.json');
    expect(text).toContain('expected: json\r\n   found:    executable');
  });

  it.each([
    ['never', 0, 0],
    ['on-error', 0, 1],
    ['always', 1, 2],
  ])('comes %s', async (report, afterGood, afterBad) => {
    const lab = openValidateLab({ accept: { format: 'json' }, acknowledge: { report } });
    await lab.validate(await lab.arrive('a.json', '{}'));
    expect(Object.keys(await lab.replies())).toHaveLength(afterGood);
    await lab.validate(await lab.arrive('b.json', 'MZ\0'));
    expect(Object.keys(await lab.replies())).toHaveLength(afterBad);
  });

  it('is the same for a second attempt, and replaces nothing of others', async () => {
    const lab = openValidateLab({ acknowledge: { report: 'always' } });
    const work = await lab.arrive('a.txt', 'hello');
    const name = `a.txt.${work.arrival.id.slice(-12)}`;
    await lab.put(`/out/${name}.report.txt`, 'mine');
    await lab.validate(work);
    const once = await lab.replies();
    await lab.validate(work);
    expect(await lab.replies()).toEqual(once);
    expect(Object.keys(once).sort()).toEqual([`${name}.2.report.txt`, `${name}.report.txt`]);
    expect(once[`${name}.report.txt`]).toBe('mine');
  });

  it('has a name that fits, however long the name of the file', async () => {
    const lab = openValidateLab({ acknowledge: { report: 'always' } });
    await lab.validate(await lab.arrive('é'.repeat(127), 'hello'));
    expect(Buffer.byteLength(Object.keys(await lab.replies())[0]!)).toBeLessThanOrEqual(255);
  });
});
