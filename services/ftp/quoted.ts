/** RFC 959, appendix II: a path in a 257 reply, its quotes doubled. */
export const quoted = (path: string): string => `"${path.replaceAll('"', '""')}"`;
