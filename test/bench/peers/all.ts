import type { Peer } from '../server.ts';
import { ftpSrv } from './ftp-srv.ts';
import { proftpd } from './proftpd.ts';
import { pureFtpd } from './pure-ftpd.ts';
import { vsftpd } from './vsftpd.ts';

export const peers: readonly Peer[] = [vsftpd, proftpd, pureFtpd, ftpSrv];
