import { Buffer } from 'node:buffer';
import { type Arrival, newArrivalId } from './arrival.ts';
import { combineInto } from './combine.ts';
import type { DigestThreads } from './digest-threads.ts';
import { encodeEvent, stageEvent } from './event.ts';
import { requireWhole } from './evidence.ts';
import { Fault, type FaultCode } from './fault.ts';
import { type Feed, temporaryFeed } from './feed.ts';
import { createLanding } from './landing.ts';
import type { Ledger } from './ledger.ts';
import { type Action, feedFor, isAnonymous, type Partner, rootOf } from './partner.ts';
import { baseName, fileKey, isTemporaryName, isWithin, parentPath, resolvePath } from './paths.ts';
import { allows, isDropBox, isKept, isLoginLeft } from './permissions.ts';
import { pipeline } from './pipeline.ts';
import type { Partners } from './ports/partners.ts';
import type { Queue } from './ports/queue.ts';
import type { Room } from './ports/room.ts';
import type { Entry, ObjectInfo, Store } from './ports/store.ts';
import { readEdges } from './read-edges.ts';
import type { StoredDigests } from './stored-digests.ts';
import { showBytes } from './units.ts';
import type { UploadMode, Zone } from './zone.ts';

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
  let partner = atLogin;
  const { objects, folders, uploads } = store;
  const keyOf = (path: string): string => fileKey(rootOf(partner), resolvePath('/', path));
  const isTemporary = (path: string): boolean => isTemporaryName(path, partner.temporary);

  const permit = (action: Action, path: string): void => {
    const now = partners.named(atLogin.name);
    if (!now || !isLoginLeft(atLogin, now)) throw new Fault('not-permitted', 'the login was taken away');
    partner = now;
    if (!allows(partner, action, path)) throw new Fault('not-permitted', `${action} ${path}`);
  };

  /** For a folder that moves with all that is in it: the rules of deeper folders count as well. */
  const permitWithin = (action: Action, folder: string): void => {
    for (const row of partner.permissions) if (isWithin(row.folder, folder)) permit(action, row.folder);
  };

  const announce = (arrival: Arrival): Promise<void> =>
    queue.send(pipeline.validate.queue, [
      { body: encodeEvent(stageEvent('validate', arrival)), group: partner.name },
    ]);

  const stat = async (path: string): Promise<Entry> => {
    const key = keyOf(path);
    const name = baseName(path);
    const file = path === '/' ? undefined : await objects.head(key);
    if (file) return { kind: 'file', name, size: file.size, modified: file.modified };
    const folder = await folders.head(key);
    if (folder) return { kind: 'folder', name, modified: folder.modified };
    throw new Fault('not-found', path);
  };

  const requireFile = async (path: string) => {
    const file = path === '/' ? undefined : await objects.head(keyOf(path));
    if (file) return file;
    throw new Fault((await folders.head(keyOf(path))) ? 'is-a-folder' : 'not-found', path);
  };

  /** Of a file there nothing is told: who may write need not know of it. */
  const requireFolder = async (path: string): Promise<void> => {
    if (!(await folders.head(keyOf(path)))) throw new Fault('not-found', path);
  };

  /** An append-only partner's file stays as it is from when it has its final name. */
  const requireNotKept = (path: string): void => {
    if (isKept(partner, path)) throw new Fault('not-permitted', 'what is here stays as it is');
  };

  /** Whether a file that gets this name may take the place of one that has it. Senders write temporary ones again. */
  const mayReplace = (path: string): boolean =>
    !isAnonymous(partner) && !isKept(partner, path) && (isTemporary(path) || partner.existing === 'replace');

  /**
   * After an interrupted upload. In a drop box what else is there is as if it were not, and who is anonymous goes on
   * with nothing: somebody else may have sent it.
   */
  const afterCut = async (path: string): Promise<Start | undefined> => {
    const isBox = isDropBox(partner, path);
    const suspended = isBox && isAnonymous(partner) ? undefined : await uploads.suspended(keyOf(path));
    if (suspended) return { at: suspended.size, again: SENT_AGAIN };
    if (isBox) throw new Fault('not-found', path);
    return undefined;
  };

  /** Where an upload goes on: after an interrupted one, or else after the file. */
  const resumable = async (path: string): Promise<Start> =>
    (await afterCut(path)) ?? { at: (await requireFile(path)).size, again: 0 };

  const startOf = async (path: string, how: UploadMode): Promise<Start> => {
    if (how === 'append') return resumable(path).catch(orStart);
    if (how.at === 0) return START;
    const cut = await afterCut(path);
    return cut && how.at === toldOf(cut) ? cut : { at: how.at, again: 0 };
  };

  const requireBytes = async (path: string, from: number): Promise<ObjectInfo> => {
    const file = await requireFile(path);
    if (from <= file.size) return file;
    throw new Fault('bad-offset', `${from} is beyond the ${file.size} bytes of ${path}`);
  };

  /** Removes the file, unless another has taken its place. */
  const removeStill = async (path: string, { arrival }: ObjectInfo): Promise<void> => {
    if ((await requireFile(path)).arrival !== arrival) throw new Fault('exists', path);
    await objects.remove(keyOf(path));
  };

  const maxSizeIn = (feed: Feed): number =>
    Math.min(maxFileSize, partner.limits.fileSize ?? Infinity, feed.accept.maxSize ?? Infinity);

  /**
   * Before a file that was stored under a temporary name gets its final one: the rules of its feed, then the event.
   * Answers the arrival that it was about, so that no other is renamed.
   */
  const announceRenamed = async (from: string, to: string): Promise<{ arrival?: string }> => {
    const file = await requireFile(from);
    const stored = file.arrival === undefined ? undefined : await ledger.arrival(file.arrival);
    if (!stored) return {};
    const feed = feedFor(partner, to);
    if (file.size > maxSizeIn(feed)) throw new Fault('too-large', `at most ${showBytes(maxSizeIn(feed))}`);
    // Most feeds do not look at the ends, and a rename must cost little.
    const looks = feed.accept.complete.includes('trailer');
    const edges = looks ? await readEdges(objects, file) : { head: undefined, tail: Buffer.alloc(0) };
    const content = { size: file.size, ...edges };
    requireWhole(feed, content, { announcedSize: file.size, controlAlive: true });
    const { id: arrival } = stored;
    if (!isAnnounced(feed, file.size)) return { arrival };
    await announce({
      ...stored,
      // Where partners share a root, another one may have stored it: the feed is of who renames.
      partner: partner.name,
      feed: feed.name,
      key: keyOf(to),
      path: to,
      receivedAt: new Date().toISOString(),
    });
    return { arrival };
  };

  return {
    get partner() {
      return partners.named(atLogin.name) ?? partner;
    },

    async stat(path) {
      permit('list', path);
      return stat(path);
    },

    list(path) {
      permit('list', path);
      return folders.list(keyOf(path));
    },

    async read(path, from = 0, to) {
      permit('read', path);
      const { key, size, modified, arrival } = await requireBytes(path, from);
      const range = { from, ...(to === undefined ? {} : { to }), ...(arrival ? { arrival } : {}) };
      return { size, modified, bytes: objects.read(key, range) };
    },

    async digest(path, name, reading) {
      permit('read', path);
      const { from = 0 } = reading;
      const file = await requireBytes(path, from);
      const to = Math.min(reading.to ?? file.size, file.size);
      return { from, to, hex: await digests.digestOf(file, name, { ...reading, to }) };
    },

    async upload(path, how, sender) {
      permit('write', path);
      const key = keyOf(path);
      const temporary = isTemporary(path);
      const feed = temporary ? temporaryFeed : feedFor(partner, path);
      // In a drop box nobody knows what would be added to: it is not replaced either.
      const replace = mayReplace(path) && !(how === 'append' && isDropBox(partner, path));
      const [folder, parent, there] = await Promise.all([
        path === '/' || folders.head(key, { lately: true }),
        // Who uploads into one that another listener has just removed makes it again.
        folders.head(keyOf(parentPath(path)), { lately: true }),
        replace ? undefined : objects.head(key),
      ]);
      if (folder) throw new Fault('is-a-folder', path);
      if (!parent) throw new Fault('not-found', parentPath(path));
      if (there) throw new Fault('exists', path);

      const id = newArrivalId();
      const { at, again } = await startOf(path, how);
      const upload = at === 0 ? await uploads.begin(key, id) : await uploads.resume(key, id, at);
      const { protocol, address: remote } = sender;
      const identity = { id, partner: partner.name, feed: feed.name, key, path, protocol, remote, run: 1 };
      return createLanding(upload, identity, {
        partner,
        feed,
        maxSize: maxSizeIn(feed),
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
      permit('write', path);
      const start = await resumable(path);
      return { size: toldOf(start), isCut: start.again > 0 };
    },

    async makeFolder(path) {
      permit('make', path);
      await folders.make(keyOf(path));
    },

    async removeFolder(path) {
      permit('delete', path);
      if (path === '/') throw new Fault('not-permitted', 'the root stays');
      await folders.remove(keyOf(path));
    },

    async remove(path) {
      permit('delete', path);
      requireNotKept(path);
      const key = keyOf(path);
      // What was cut would be gone on with by the next upload that adds to the file.
      const isCut = (await uploads.suspended(key)) !== undefined;
      if (isCut) await (await uploads.resume(key, newArrivalId(), 0)).abort();
      if (isCut && !(await objects.head(key))) return;
      await requireFile(path);
      await objects.remove(key);
    },

    async rename(from, to) {
      permit('rename', from);
      permit('write', to);
      if (from === '/' || to === '/') throw new Fault('not-permitted', 'the root stays');
      const [fromKey, toKey] = [keyOf(from), keyOf(to)];
      await requireFolder(parentPath(to));
      if ((await stat(from)).kind === 'folder') {
        permitWithin('rename', from);
        permitWithin('write', to);
        if (partner.appendOnly) throw new Fault('not-permitted', 'folders stay where they are');
        return folders.rename(fromKey, toKey);
      }
      requireNotKept(from);
      const replace = mayReplace(to);
      if (!replace && (await objects.head(toKey))) throw new Fault('exists', to);
      const announced = isTemporary(from) && !isTemporary(to) ? await announceRenamed(from, to) : {};
      await objects.rename(fromKey, toKey, { replace, ...announced });
    },

    async setModified(path, modified) {
      permit('write', path);
      // What is in a drop box may be somebody else's, and is not told of.
      if (isDropBox(partner, path)) throw new Fault('not-permitted', 'what is in a drop box is not touched');
      const file = await requireFile(path);
      if (Math.abs(Date.now() - file.modified.getTime()) > DATING_MS) requireNotKept(path);
      await objects.touch(keyOf(path), modified);
    },

    async combine(target, parts, sender, how) {
      const files: ObjectInfo[] = [];
      for (const part of parts) {
        how.signal.throwIfAborted();
        permit('read', part);
        permit('delete', part);
        requireNotKept(part);
        files.push(await requireFile(part));
      }
      await combineInto(await this.upload(target, { at: 0 }, sender), files, objects, how);
      const left: string[] = [];
      for (const [part, file] of new Map(parts.map((path, index) => [path, files[index]!]))) {
        // The file is whole and announced: a failure would have it sent again.
        if (part !== target) await removeStill(part, file).catch(() => left.push(part));
      }
      return left;
    },

    async room(path) {
      permit('write', path);
      await requireFolder(path);
      return room();
    },
  };
}

/** Throws `empty-file` where the feed refuses such. */
function isAnnounced(feed: Feed, size: number): boolean {
  if (size === 0 && feed.accept.empty === 'refuse') throw new Fault('empty-file');
  return size > 0 || feed.accept.empty === 'announce';
}

/** Where an upload begins: at a byte, of which the last `again` are stored and come once more. */
interface Start {
  readonly at: number;
  readonly again: number;
}

const START: Start = { at: 0, again: 0 };
/**
 * Bytes of an interrupted upload that its sender is not told of, and so sends again: one that finds the whole there
 * would go away content though nobody has told it "done", and its file would never be announced.
 */
const SENT_AGAIN = 1;

/** What the sender is told, and goes on from. */
const toldOf = ({ at, again }: Start): number => at - again;

const orStart = (thrown: unknown): Start => {
  if (thrown instanceof Fault && thrown.code === 'not-found') return START;
  throw thrown;
};
