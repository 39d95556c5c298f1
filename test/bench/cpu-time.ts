import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** USER_HZ, which is 100 on Linux wherever Node runs. */
const TICKS_PER_SECOND = 100;
const LOOK_MS = 10;
/** Looks until a server's children must have ended: a second. */
const MAX_LOOKS = 100;

/** Processor seconds of the process and of its children that have ended (proc_pid_stat(5), fields 14 to 17). */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name may hold spaces; field 3 follows its parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

/** The same once the children that serve sessions are gone and counted. */
export async function settledCpuSeconds(pid: number): Promise<number> {
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    if ((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim() === '') break;
    await sleep(LOOK_MS);
  }
  return cpuSeconds(pid);
}
