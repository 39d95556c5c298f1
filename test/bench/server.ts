/** An FTP server that is measured. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Its work is over: what it does after its replies must not run into the next measure. */
  settled(): Promise<void>;
  /** Removes what was uploaded, so that the disk does not fill. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}
