import { ConfigError, SettingError, type SettingName } from '../core/config.ts';
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports/log.ts';

/** An operator who waits for the start should know by then what for. */
const SLOW_MS = 5_000;

/**
 * Opens what a setting names, and names the setting where that takes long or cannot be: a `ConfigError` when its value
 * cannot be meant, a `SettingError` when what it names cannot be had.
 */
export async function forSetting<Opened>(
  setting: SettingName,
  log: Log,
  open: () => Opened | Promise<Opened>,
): Promise<Opened> {
  const slow = setTimeout(
    () => log.warn({ setting }, 'not there yet: it is tried again for a while'),
    SLOW_MS,
  );
  try {
    return await open();
  } catch (thrown) {
    throw named(setting, thrown);
  } finally {
    clearTimeout(slow);
  }
}

function named(setting: SettingName, thrown: unknown): unknown {
  if (thrown instanceof Fault) {
    const { code, detail, reason } = thrown;
    if (code === 'bad-argument' && detail) return new ConfigError([`${setting}: ${detail}`]);
    return new SettingError(setting, reason, { cause: thrown });
  }
  const isOfSystem = thrown instanceof Error && 'syscall' in thrown;
  return isOfSystem ? new SettingError(setting, thrown.message, { cause: thrown }) : thrown;
}
