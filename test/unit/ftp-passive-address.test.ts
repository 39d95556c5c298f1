import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../core/config.ts';
import { createPassiveAddress } from '../../services/ftp/passive-address.ts';

const rows = (written: string) =>
  readConfig({ LANDFALL_FTP_PASSIVE_ADDRESS: written }).LANDFALL_FTP_PASSIVE_ADDRESS;

describe('the address that PASV tells', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is the configured one, by the zone of the listener where it says so', async () => {
    expect(await createPassiveAddress(rows(''))('10.0.1.5')).toBeUndefined();
    expect(await createPassiveAddress(rows('203.0.113.7'))('10.0.1.5')).toBe('203.0.113.7');
    const zoned = createPassiveAddress(rows('10.0.1.0/24=203.0.113.7, 10.0.2.0/24=203.0.113.8'));
    expect(await zoned('10.0.1.5')).toBe('203.0.113.7');
    expect(await zoned('10.0.2.5')).toBe('203.0.113.8');
    expect(await zoned('10.0.3.5')).toBeUndefined();
  });

  it('is resolved again after a while, and kept while the resolver fails', async () => {
    let answer: string | undefined = '203.0.113.7';
    const asked: string[] = [];
    const address = createPassiveAddress(rows('ftp.example.com'), async (name) => {
      asked.push(name);
      if (answer === undefined) throw new Error('no answer');
      return answer;
    });
    expect(await address('10.0.1.5')).toBe('203.0.113.7');
    answer = '203.0.113.8';
    expect(await address('10.0.1.5')).toBe('203.0.113.7');
    vi.advanceTimersByTime(60_000);
    expect(await address('10.0.1.5')).toBe('203.0.113.8');
    answer = undefined;
    vi.advanceTimersByTime(60_000);
    expect(await address('10.0.1.5')).toBe('203.0.113.8');
    expect(asked).toEqual(['ftp.example.com', 'ftp.example.com', 'ftp.example.com']);
  });

  it('fails where a name was never resolved', async () => {
    const address = createPassiveAddress(rows('ftp.example.com'), () =>
      Promise.reject(new Error('no answer')),
    );
    await expect(address('10.0.1.5')).rejects.toThrow('no answer');
  });

  it.each(['a b', '10.0.1.0/33=203.0.113.7', 'x=203.0.113.7', '203.0.113.7;rm', '2001:db8::1'])(
    'is refused as %j',
    (written) => {
      expect(() => rows(written)).toThrow('LANDFALL_FTP_PASSIVE_ADDRESS');
    },
  );
});
