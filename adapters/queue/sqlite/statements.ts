import type { DatabaseSync } from 'node:sqlite';

/**
 * Fairness between groups: every message has a turn, and the least turn goes first. A group's next message has the
 * turn after its last one, so one turn holds one message of each group; a group that had none waiting starts in the
 * turn that is being served. So ten thousand messages of one group take ten thousand turns, and another group's
 * first message waits for one of them at most. What comes back for a retry goes behind the turn being served.
 */
const SERVED = '(SELECT min(turn) FROM message WHERE queue = :queue AND visible_at IS NULL)';
const NEXT_OF_GROUP = '(SELECT max(turn) + 1 FROM message WHERE queue = :queue AND lane = :lane)';

/** A message is its holder's until the visibility timeout, and nobody's who received it at another attempt. */
const HOLD = 'id = :id AND attempt = :attempt AND held = 1 AND visible_at > :now';

/** Hidden messages whose time has come that one receive makes ready: bounds the write. */
const MAX_DUE = 500;
/** Dead letters that one answer lists, oldest first. */
const MAX_DEAD_LETTERS = 1_000;

/** All times are milliseconds since 1970. */
export function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    send: prepare(
      `INSERT INTO message (queue, lane, turn, visible_at, sent_at, body)
       VALUES (:queue, :lane, max(ifnull(${NEXT_OF_GROUP}, 0), ifnull(${SERVED}, 0)), :visibleAt, :now, :body)`,
    ),
    /** When the next message is due: 0 for now, null when there is none. */
    nextDue: prepare(
      `SELECT CASE WHEN ${SERVED} IS NOT NULL THEN 0
         ELSE (SELECT min(visible_at) FROM message WHERE queue = :queue AND visible_at IS NOT NULL) END AS due`,
    ),
    makeDueReady: prepare(
      `UPDATE message SET visible_at = NULL, held = 0 WHERE id IN
         (SELECT id FROM message WHERE queue = :queue AND visible_at <= :now ORDER BY visible_at LIMIT ${MAX_DUE})`,
    ),
    receive: prepare(
      `UPDATE message SET visible_at = :visibleAt, held = 1, attempt = attempt + 1 WHERE id IN
         (SELECT id FROM message WHERE queue = :queue AND visible_at IS NULL ORDER BY turn, id LIMIT :max)
       RETURNING id, body, attempt, sent_at`,
    ),
    ack: prepare(`DELETE FROM message WHERE ${HOLD}`),
    release: prepare(
      `UPDATE message SET visible_at = :visibleAt, held = 0, turn = max(turn, ifnull(${SERVED} + 1, 0)) WHERE ${HOLD}`,
    ),
    extend: prepare(`UPDATE message SET visible_at = :visibleAt WHERE ${HOLD}`),
    bury: prepare(
      `INSERT INTO dead_letter (id, queue, lane, attempt, reason, died_at, body)
       SELECT id, queue, lane, attempt, :reason, :now, body FROM message WHERE ${HOLD}`,
    ),
    deadLetters: prepare(
      `SELECT id, lane, attempt, reason, died_at, body FROM dead_letter
       WHERE queue = :queue ORDER BY id LIMIT ${MAX_DEAD_LETTERS}`,
    ),
    lastDeadId: prepare('SELECT max(id) AS id FROM dead_letter WHERE queue = :queue'),
    deadIds: prepare(
      'SELECT id FROM dead_letter WHERE queue = :queue AND id <= :last ORDER BY id LIMIT :max',
    ),
    exhume: prepare('DELETE FROM dead_letter WHERE queue = :queue AND id = :id RETURNING lane, body'),
    depth: prepare(
      `SELECT (SELECT count(*) FROM message WHERE queue = :queue) AS total,
              (SELECT count(*) FROM message WHERE queue = :queue AND visible_at > :now AND held = 1) AS inFlight,
              (SELECT count(*) FROM dead_letter WHERE queue = :queue) AS dead`,
    ),
  };
}
