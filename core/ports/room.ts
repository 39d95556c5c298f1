/** Bytes that the store has left for new files, or undefined where nobody can tell. Throws `store-down`. */
export type Room = () => Promise<number | undefined>;
