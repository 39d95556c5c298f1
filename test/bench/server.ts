/** An FTP server that is measured. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Its work is over: what it does after its replies must not run into the next measure. */
  settled(): Promise<void>;
  /**
   * Frees the space of the large file, so that the disk does not fill. Small files stay: there are file systems that
   * look long for an inode after many were deleted.
   */
  forgetLarge(): Promise<void>;
  stop(): Promise<void>;
}
