import type { ListenOptions, Server } from 'node:net';
import { SettingError, type SettingName } from '../core/config.ts';

/** The settings that say where a server listens. */
export interface ListenSettings {
  readonly address: SettingName;
  readonly port: SettingName;
  /** What must be so of the port, as a sentence. */
  readonly must?: string;
}

/** What is wrong is the address, whatever the port. */
const ABOUT_ADDRESS: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

/** Listens there. Rejects with a `SettingError` that names the setting to be mended. */
export async function listen(server: Server, place: ListenOptions, settings: ListenSettings): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(place, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (ABOUT_ADDRESS.has(code)) throw new SettingError(settings.address, message, { cause: thrown });
    const why = [message, settings.must].filter(Boolean).join('. ');
    throw new SettingError(settings.port, why, { cause: thrown });
  }
}
