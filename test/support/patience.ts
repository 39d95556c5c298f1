/** How long a test waits for what takes a moment: a busy machine is slower by far, or stands still for seconds. */
export const PATIENCE = { timeout: 40_000 };
