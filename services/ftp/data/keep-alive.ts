import type { Socket } from 'node:net';

/**
 * Nothing goes over the control connection in a long transfer, for which FTP has no reply, and firewalls and balancers
 * forget a silent connection: an AWS Network Load Balancer after 350 s, many others after 5 min. So the kernel asks, on
 * control and on data connections, whether the peer is still there: after so many milliseconds of silence, and so often
 * and so many times again when there is no answer. One that is gone is noticed after 3 min.
 */
const KEEP_ALIVE = { initialDelay: 60_000, interval: 20_000, count: 6 } as const;

/** What Node has since version 24.12; an older one leaves out the last two, and libuv asks ten times in 10 s. */
type SetKeepAlive = (enable: boolean, initialDelay: number, interval: number, count: number) => Socket;

export function keepAlive(socket: Socket): void {
  const { initialDelay, interval, count } = KEEP_ALIVE;
  const setKeepAlive = socket.setKeepAlive as SetKeepAlive;
  setKeepAlive.call(socket, true, initialDelay, interval, count);
}
