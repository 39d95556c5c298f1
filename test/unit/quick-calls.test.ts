import { describe, expect, it, vi } from 'vitest';
import { quick } from '../../adapters/store/disk/quick-calls.ts';

describe('a quick call', () => {
  it('blocks, and rejects with what it throws', async () => {
    const call = quick(
      () => 'blocking',
      async () => 'pooled',
    );
    expect(await call()).toBe('blocking');
    const failing = quick(
      () => {
        throw new Error('full');
      },
      async () => 'pooled',
    );
    await expect(failing()).rejects.toThrow('full');
  });

  it('leaves all calls to the thread pool for a second after one that was slow', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const slow = quick(
        () => void vi.advanceTimersByTime(6),
        async () => undefined,
      );
      const other = quick(
        () => 'blocking',
        async () => 'pooled',
      );
      await slow();
      expect(await other()).toBe('pooled');
      vi.advanceTimersByTime(1000);
      expect(await other()).toBe('blocking');
    } finally {
      vi.useRealTimers();
    }
  });
});
