import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** A real S3 server: Ceph's gateway, with one monitor and one daemon that keeps its objects in memory, or in a file. */
export interface ObjectServer {
  readonly url: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

const PROGRAMS = ['ceph-mon', 'ceph-osd', 'ceph', 'ceph-authtool', 'monmaptool', 'radosgw', 'radosgw-admin'];
/** Megabytes that the objects of a test run may take. */
const MEMORY_MB = 8192;
/** Bytes of the file that has the objects otherwise; it takes what is in it. */
const DISK_BYTES = 20 * 1024 ** 3;
/** Buckets are below this name for clients that address them by host. Nobody resolves it. */
export const SERVER_NAME = 's3.landfall.test';
const READY_WITHIN_MS = 240_000;
/** For one program that ends by itself: it takes a second, and much longer on a busy machine. */
const RUN_MS = 120_000;
const LOOK_MS = 100;

/** Why there can be none here; undefined where there can. */
export function noRadosgw(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const missing = PROGRAMS.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`;
}

export async function startRadosgw({ onDisk = false } = {}): Promise<ObjectServer> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-radosgw-'));
  const conf = join(folder, 'ceph.conf');
  const [monitorPort, port] = [await freePort(), await freePort()];
  const fsid = randomUUID();
  const started: string[] = [];
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, CEPH_CONF: conf };

  const run = (program: string, ...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8', timeout: RUN_MS });
    if (status === 0) return stdout;
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  };
  /** Starts a daemon, which goes into the background by itself. */
  const daemon = (name: string, program: string, ...args: string[]): void => {
    started.push(name);
    run(program, ...args);
  };

  const stop = async (): Promise<void> => {
    await Promise.all(started.map((name) => end(join(folder, `${name}.pid`))));
    await rm(folder, { recursive: true, force: true });
  };

  try {
    for (const name of ['mon', 'osd', 'rgw']) await mkdir(join(folder, name));
    await writeFile(conf, confOf(folder, fsid, monitorPort, onDisk ? ON_DISK : IN_MEMORY));
    const keyring = join(folder, 'keyring');
    const key = (name: string, ...caps: string[]) =>
      run('ceph-authtool', '--gen-key', `--name=${name}`, ...caps, keyring);
    const cap = (who: string, what: string): string[] => ['--cap', who, what];
    run('ceph-authtool', '--create-keyring', keyring);
    key('mon.', ...cap('mon', 'allow *'));
    key('client.admin', ...cap('mon', 'allow *'), ...cap('osd', 'allow *'), ...cap('mgr', 'allow *'));
    key('osd.0', ...cap('mon', 'allow profile osd'), ...cap('osd', 'allow *'));
    key('client.rgw', ...cap('mon', 'allow rw'), ...cap('osd', 'allow rwx'));
    const map = join(folder, 'monmap');
    run('monmaptool', '--create', '--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`, '--fsid', fsid, map);
    run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring);
    daemon('mon.a', 'ceph-mon', '-i', 'a');
    const osd = randomUUID();
    run('ceph', '--connect-timeout', String(RUN_MS / 1_000), 'osd', 'new', osd);
    run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    daemon('osd.0', 'ceph-osd', '-i', '0');
    daemon('client.rgw', 'radosgw', '-n', 'client.rgw', `--rgw-frontends=beast endpoint=127.0.0.1:${port}`);
    const url = `http://127.0.0.1:${port}`;
    await answers(url);
    const credentials = { accessKeyId: 'LANDFALLTEST', secretAccessKey: randomUUID() };
    run(
      'radosgw-admin',
      ...['user', 'create', '--uid=landfall', '--display-name=Landfall'],
      ...[`--access-key=${credentials.accessKeyId}`, `--secret-key=${credentials.secretAccessKey}`],
    );
    return { url, credentials, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

const IN_MEMORY = `osd_objectstore = memstore
memstore_device_bytes = ${MEMORY_MB * 1024 * 1024}`;
const ON_DISK = `osd_objectstore = bluestore
bluestore_block_size = ${DISK_BYTES}
osd_memory_target = 939524096`;

const confOf = (folder: string, fsid: string, monitorPort: number, objects: string): string => `[global]
fsid = ${fsid}
mon_host = v2:127.0.0.1:${monitorPort}
mon_initial_members = a
public_network = 127.0.0.0/8
public_addr = 127.0.0.1
ms_bind_ipv6 = false
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 1
osd_crush_chooseleaf_type = 0
${objects}
run_dir = ${folder}
admin_socket = ${folder}/$name.asok
pid_file = ${folder}/$name.pid
log_file = ${folder}/$name.log
log_to_stderr = false
keyring = ${folder}/keyring
mon_data = ${folder}/mon
osd_data = ${folder}/osd
rgw_data = ${folder}/rgw
rgw_dns_name = ${SERVER_NAME}
`;

async function answers(url: string): Promise<void> {
  for (const until = Date.now() + READY_WITHIN_MS; Date.now() < until; ) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(LOOK_MS);
  }
  throw new Error(`no answer at ${url} within ${READY_WITHIN_MS} ms`);
}

/** Kills the daemon whose process the file names, and waits until it is gone: what it has in memory is nobody's. */
async function end(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
  if (!pid) return;
  const isThere = (signal: 'SIGKILL' | 0): boolean => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  };
  for (let there = isThere('SIGKILL'); there; there = isThere(0)) await sleep(LOOK_MS);
}
