import type { Client } from './client.ts';
import { INETUTILS_FTP, TNFTP } from './rows/bsd-ftp.ts';
import { BUSYBOX } from './rows/busybox.ts';
import { CURL } from './rows/curl.ts';
import { LFTP } from './rows/lftp.ts';
import { NCFTP } from './rows/ncftp.ts';
import { RCLONE } from './rows/rclone.ts';
import { BASIC_FTP, FTPLIB, NET_FTP, PHP_FTP } from './rows/scripted.ts';
import { WGET } from './rows/wget.ts';
import { WPUT } from './rows/wput.ts';

export const clients: readonly Client[] = [
  CURL,
  LFTP,
  NCFTP,
  TNFTP,
  INETUTILS_FTP,
  WGET,
  WPUT,
  RCLONE,
  FTPLIB,
  NET_FTP,
  BASIC_FTP,
  PHP_FTP,
  BUSYBOX,
];

type Named<Key extends keyof Client> = Client & Required<Pick<Client, Key>>;

/** Name and client, of those that can do all of it. */
export const clientsThat = <Key extends keyof Client>(...keys: Key[]): [string, Named<Key>][] =>
  clients
    .filter((client): client is Named<Key> => keys.every((key) => client[key] !== undefined))
    .map((client) => [client.name, client]);
