import { choosePorts, type Ports } from '../../adapters/choose.ts';
import { addPartnerFile } from '../../adapters/partners/add.ts';
import { checkPartnerFiles } from '../../adapters/partners/check.ts';
import { PartnersError, showPartnerFault } from '../../adapters/partners/fault.ts';
import { ConfigError, readConfig, SettingError } from '../../core/config.ts';
import { Fault, type FaultCode } from '../../core/fault.ts';
import type { Log } from '../../core/ports/log.ts';
import { safeText } from '../../core/safe-text.ts';
import { UsageError } from './command.ts';
import { readSecret } from './read-secret.ts';
import { help, readArguments } from './run.ts';

/** The main of the command line. Exit codes: 0 done, 1 not done or something wrong found, 2 not understood. */
async function main(args: readonly string[]): Promise<number> {
  const invocation = readArguments(args);
  if (invocation === 'help') {
    say(help());
    return 0;
  }
  const config = readConfig(process.env);
  const folder = config.LANDFALL_PARTNERS;
  let opened: Promise<Ports> | undefined;
  try {
    return await invocation.run({
      config,
      terminal: { json: invocation.json, say, readSecret },
      partnerFiles: {
        async check() {
          const { partners, faults } = await checkPartnerFiles(folder).catch(emptyIfMissing);
          return { partners, faults: faults.map((fault) => ({ ...fault, text: showPartnerFault(fault) })) };
        },
        add: (partner) => addPartnerFile(folder, partner),
      },
      ports: () => {
        opened ??= choosePorts(config, stderrLog);
        return opened;
      },
    });
  } finally {
    await opened?.then((ports) => ports.close());
  }
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Only what is wrong, on stderr: stdout is the answer. */
const stderrLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_fields, message) => console.error(safeText(message)),
  error: (_fields, message) => console.error(safeText(message)),
  child: () => stderrLog,
};

/** Faults of what was asked for; their text would only repeat what their detail says. */
const ASKED: ReadonlySet<FaultCode> = new Set(['bad-argument', 'exists', 'not-found']);

const textOf = (fault: Fault): string => (ASKED.has(fault.code) ? fault.detail : undefined) ?? fault.reason;

/** A folder that is not there yet has no partners. */
function emptyIfMissing(thrown: NodeJS.ErrnoException): { partners: []; faults: [] } {
  if (thrown.code === 'ENOENT') return { partners: [], faults: [] };
  throw thrown;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const misunderstood = thrown instanceof UsageError || thrown instanceof ConfigError;
  const expected =
    misunderstood || [Fault, PartnersError, SettingError].some((kind) => thrown instanceof kind);
  const text = thrown instanceof Fault ? textOf(thrown) : (thrown as Error).message;
  const lines = expected
    ? text.split('\n').map(safeText).join('\n')
    : String((thrown as Error)?.stack ?? thrown);
  console.error(lines);
  process.exitCode = misunderstood ? 2 : 1;
}
