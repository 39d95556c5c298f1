import { isAnnounced, maxSizeIn } from './accepted-size.ts';
import { type Arrival, newArrivalId } from './arrival.ts';
import { combineInto } from './combine.ts';
import type { DigestThreads } from './digest-threads.ts';
import { encodeEvent, stageEvent } from './event.ts';
import { Fault, type FaultCode } from './fault.ts';
import { temporaryFeed } from './feed.ts';
import { arrivalUnder } from './final-name.ts';
import { createLanding } from './landing.ts';
import type { Ledger } from './ledger.ts';
import { type Action, feedFor, type Partner, rootOf } from './partner.ts';
import { baseName, fileKey, isTemporaryName, isWithin, parentPath, resolvePath } from './paths.ts';
import { allows, isDropBox, isKept, isLoginLeft, mayReplace } from './permissions.ts';
import { pipeline } from './pipeline.ts';
import type { Partners } from './ports/partners.ts';
import type { Queue } from './ports/queue.ts';
import type { Room } from './ports/room.ts';
import type { Entry, ObjectInfo, Store } from './ports/store.ts';
import type { StoredDigests } from './stored-digests.ts';
import { resumableAt, type StoredSizes, startOf, toldOf } from './upload-start.ts';
import type { Zone } from './zone.ts';

export interface ZonePorts {
  readonly store: Store;
  readonly queue: Queue;
  readonly ledger: Ledger;
  /** Asked at every call: what an operator changes holds for those who are logged in, too. */
  readonly partners: Pick<Partners, 'named'>;
  /** Bytes; the listener's own limit for one file. */
  readonly maxFileSize: number;
  readonly digests: StoredDigests;
  readonly digestThreads: DigestThreads;
  readonly room: Room;
}

/**
 * How long an append-only partner may date a file that is new, in milliseconds: its programs do so right after the
 * upload, and fail when they may not.
 */
const DATING_MS = 10 * 60_000;

/** Opens the partner's zone, making its root and its standing folders where they are missing. */
export async function openZone(partner: Partner, ports: ZonePorts): Promise<Zone> {
  const { folders } = ports.store;
  for (const path of ['/', ...partner.folders]) {
    const key = fileKey(rootOf(partner), path);
    if (await folders.head(key)) continue;
    await folders.make(key).catch((thrown: unknown) => {
      // Another session may have made it just now, or put a file in its way: that must lock nobody out.
      if (!(thrown instanceof Fault && IN_ITS_WAY.has(thrown.code))) throw thrown;
    });
  }
  return createZone(partner, ports);
}

const IN_ITS_WAY: ReadonlySet<FaultCode> = new Set(['exists', 'not-a-folder']);

function createZone(atLogin: Partner, ports: ZonePorts): Zone {
  const { store, queue, ledger, partners, maxFileSize, digests, room } = ports;
  const { objects, folders, uploads } = store;

  /** Answers the partner by whose rules the call goes on, as its file is now. */
  const permit = (action: Action, path: string): Partner => {
    const partner = partners.named(atLogin.name);
    if (!partner || !isLoginLeft(atLogin, partner)) {
      throw new Fault('not-permitted', 'the login was taken away');
    }
    if (!allows(partner, action, path)) throw new Fault('not-permitted', `${action} ${path}`);
    return partner;
  };

  /** For a folder that moves with all that is in it: the rules of deeper folders count as well. */
  const permitWithin = ({ permissions }: Partner, action: Action, folder: string): void => {
    for (const row of permissions) if (isWithin(row.folder, folder)) permit(action, row.folder);
  };

  /** An append-only partner's file stays as it is from when it has its final name. */
  const requireNotKept = (partner: Partner, path: string): void => {
    if (isKept(partner, path)) throw new Fault('not-permitted', 'what is here stays as it is');
  };

  const announce = (arrival: Arrival): Promise<void> =>
    queue.send(pipeline.validate.queue, [
      { body: encodeEvent(stageEvent('validate', arrival)), group: arrival.partner },
    ]);

  const stat = async (partner: Partner, path: string): Promise<Entry> => {
    const key = keyOf(partner, path);
    const name = baseName(path);
    const file = path === '/' ? undefined : await objects.head(key);
    if (file) return { kind: 'file', name, size: file.size, modified: file.modified };
    const folder = await folders.head(key);
    if (folder) return { kind: 'folder', name, modified: folder.modified };
    throw new Fault('not-found', path);
  };

  const requireFile = async (partner: Partner, path: string): Promise<ObjectInfo> => {
    const key = keyOf(partner, path);
    const file = path === '/' ? undefined : await objects.head(key);
    if (file) return file;
    throw new Fault((await folders.head(key)) ? 'is-a-folder' : 'not-found', path);
  };

  const requireBytes = async (partner: Partner, path: string, from: number): Promise<ObjectInfo> => {
    const file = await requireFile(partner, path);
    if (from <= file.size) return file;
    throw new Fault('bad-offset', `${from} is beyond the ${file.size} bytes of ${path}`);
  };

  /** Of a file there nothing is told: who may write need not know of it. */
  const requireFolder = async (partner: Partner, path: string): Promise<void> => {
    if (!(await folders.head(keyOf(partner, path)))) throw new Fault('not-found', path);
  };

  /** Throws for what an upload to the path may not take the place of, and where there is no folder for it. */
  const requirePlace = async (partner: Partner, path: string, replace: boolean): Promise<void> => {
    const key = keyOf(partner, path);
    const [folder, parent, there] = await Promise.all([
      path === '/' || folders.head(key, { lately: true }),
      // Who uploads into one that another listener has just removed makes it again.
      folders.head(keyOf(partner, parentPath(path)), { lately: true }),
      replace ? undefined : objects.head(key),
    ]);
    if (folder) throw new Fault('is-a-folder', path);
    if (!parent) throw new Fault('not-found', parentPath(path));
    if (there) throw new Fault('exists', path);
  };

  const storedAt = (partner: Partner, path: string): StoredSizes => ({
    suspended: async () => (await uploads.suspended(keyOf(partner, path)))?.size,
    file: async () => (await requireFile(partner, path)).size,
  });

  /** Removes the file, unless another has taken its place. */
  const removeStill = async ({ key, arrival }: ObjectInfo): Promise<void> => {
    if ((await objects.head(key))?.arrival !== arrival) throw new Fault('exists');
    await objects.remove(key);
  };

  /** Answers the arrival that it was about, so that no other is renamed. */
  const announceRenamed = async (
    partner: Partner,
    from: string,
    to: string,
  ): Promise<{ arrival?: string }> => {
    const file = await requireFile(partner, from);
    const stored = file.arrival === undefined ? undefined : await ledger.arrival(file.arrival);
    if (!stored) return {};
    const finalName = { partner, path: to, key: keyOf(partner, to), maxFileSize };
    const arrival = await arrivalUnder(finalName, stored, file, objects);
    if (arrival) await announce(arrival);
    return { arrival: stored.id };
  };

  return {
    get partner() {
      return partners.named(atLogin.name) ?? atLogin;
    },

    async stat(path) {
      return stat(permit('list', path), path);
    },

    list(path) {
      return folders.list(keyOf(permit('list', path), path));
    },

    async read(path, from = 0, to) {
      const file = await requireBytes(permit('read', path), path, from);
      const { key, size, modified, arrival } = file;
      const range = { from, ...(to === undefined ? {} : { to }), ...(arrival ? { arrival } : {}) };
      return { size, modified, bytes: objects.read(key, range) };
    },

    async digest(path, name, reading) {
      const { from = 0 } = reading;
      const file = await requireBytes(permit('read', path), path, from);
      const to = Math.min(reading.to ?? file.size, file.size);
      return { from, to, hex: await digests.digestOf(file, name, { ...reading, to }) };
    },

    async upload(path, how, sender) {
      const partner = permit('write', path);
      const key = keyOf(partner, path);
      const temporary = isTemporaryName(path, partner.temporary);
      const feed = temporary ? temporaryFeed : feedFor(partner, path);
      // In a drop box nobody knows what would be added to: it is not replaced either.
      const replace = mayReplace(partner, path) && !(how === 'append' && isDropBox(partner, path));
      await requirePlace(partner, path, replace);

      const id = newArrivalId();
      const { at, again } = await startOf(how, partner, path, storedAt(partner, path));
      const upload = at === 0 ? await uploads.begin(key, id) : await uploads.resume(key, id, at);
      const { protocol, address: remote } = sender;
      const identity = { id, partner: partner.name, feed: feed.name, key, path, protocol, remote, run: 1 };
      return createLanding(upload, identity, {
        partner,
        feed,
        maxSize: maxSizeIn(feed, partner, maxFileSize),
        replace,
        digestThreads: ports.digestThreads,
        again,
        announce: async (arrival) => {
          digests.remember(arrival);
          if (temporary) await ledger.stored(arrival);
          else if (isAnnounced(feed, arrival.size)) await announce(arrival);
        },
      });
    },

    async resumable(path) {
      const partner = permit('write', path);
      const start = await resumableAt(partner, path, storedAt(partner, path));
      return { size: toldOf(start), isCut: start.again > 0 };
    },

    async makeFolder(path) {
      await folders.make(keyOf(permit('make', path), path));
    },

    async removeFolder(path) {
      const partner = permit('delete', path);
      if (path === '/') throw new Fault('not-permitted', 'the root stays');
      await folders.remove(keyOf(partner, path));
    },

    async remove(path) {
      const partner = permit('delete', path);
      requireNotKept(partner, path);
      const key = keyOf(partner, path);
      // What was cut would be gone on with by the next upload that adds to the file.
      const isCut = (await uploads.suspended(key)) !== undefined;
      if (isCut) await (await uploads.resume(key, newArrivalId(), 0)).abort();
      if (isCut && !(await objects.head(key))) return;
      await requireFile(partner, path);
      await objects.remove(key);
    },

    async rename(from, to) {
      permit('rename', from);
      const partner = permit('write', to);
      if (from === '/' || to === '/') throw new Fault('not-permitted', 'the root stays');
      const [fromKey, toKey] = [keyOf(partner, from), keyOf(partner, to)];
      await requireFolder(partner, parentPath(to));
      if ((await stat(partner, from)).kind === 'folder') {
        permitWithin(partner, 'rename', from);
        permitWithin(partner, 'write', to);
        if (partner.appendOnly) throw new Fault('not-permitted', 'folders stay where they are');
        return folders.rename(fromKey, toKey);
      }
      requireNotKept(partner, from);
      const replace = mayReplace(partner, to);
      if (!replace && (await objects.head(toKey))) throw new Fault('exists', to);
      const isFinal = isTemporaryName(from, partner.temporary) && !isTemporaryName(to, partner.temporary);
      const announced = isFinal ? await announceRenamed(partner, from, to) : {};
      await objects.rename(fromKey, toKey, { replace, ...announced });
    },

    async setModified(path, modified) {
      const partner = permit('write', path);
      // What is in a drop box may be somebody else's, and is not told of.
      if (isDropBox(partner, path)) throw new Fault('not-permitted', 'what is in a drop box is not touched');
      const file = await requireFile(partner, path);
      if (Math.abs(Date.now() - file.modified.getTime()) > DATING_MS) requireNotKept(partner, path);
      await objects.touch(keyOf(partner, path), modified);
    },

    async combine(target, parts, sender, how) {
      const files: ObjectInfo[] = [];
      for (const part of parts) {
        how.signal.throwIfAborted();
        permit('read', part);
        const partner = permit('delete', part);
        requireNotKept(partner, part);
        files.push(await requireFile(partner, part));
      }
      await combineInto(await this.upload(target, { at: 0 }, sender), files, objects, how);
      const left: string[] = [];
      for (const [part, file] of new Map(parts.map((path, index) => [path, files[index]!]))) {
        // The file is whole and announced: a failure would have it sent again.
        if (part !== target) await removeStill(file).catch(() => left.push(part));
      }
      return left;
    },

    async room(path) {
      await requireFolder(permit('write', path), path);
      return room();
    },
  };
}

const keyOf = (partner: Partner, path: string): string => fileKey(rootOf(partner), resolvePath('/', path));
