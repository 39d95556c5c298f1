export type TlsVersion = '1.2' | '1.3';

/** Where a client is to go, and how it is to make data connections. */
export interface Server {
  /** 127.0.0.2 is where a tap is that sees only what is encrypted. */
  readonly host: '127.0.0.1' | '127.0.0.2' | '::1';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly data: 'passive' | 'PORT' | 'EPRT';
  /** Where TLS begins: nowhere, with AUTH, or with the connection. Then data connections are private, too. */
  readonly security: 'plain' | 'explicit' | 'implicit';
  /** The only version of TLS that it is to speak; its own choice when left out. */
  readonly tls?: TlsVersion;
  /** File of the certificates that it is to trust. */
  readonly trusted: string;
}

/** One run of a program. */
export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes, for those that mix it with their talk on stdout. */
  readonly outputFile?: string;
  /** What it must say, for those that end with 0 whatever happened. */
  readonly says?: RegExp;
}

export interface Listing {
  readonly run: (server: Server, folder: string, outputFile: string) => Invocation;
  /** The names in its output, without those of folders' own entries. */
  readonly names: (output: string) => string[];
}

export type ListingVerb = 'LIST' | 'NLST' | 'MLSD';

type UpOrDown = (server: Server, from: string, to: string) => Invocation;

/** A client that we did not write: how each thing is done with it, and what it cannot do. */
export interface Client {
  readonly name: string;
  /** Local file to remote path. */
  readonly upload?: UpOrDown;
  /** Remote path to local file. */
  readonly download?: UpOrDown;
  /** Remote path to stdout. */
  readonly stream?: (server: Server, path: string) => Invocation;
  readonly listings?: Partial<Record<ListingVerb, Listing>>;
  readonly rename?: UpOrDown;
  readonly remove?: (server: Server, path: string) => Invocation;
  /** As the upload; `at` is the size that the server has told, for clients that must be told. */
  readonly uploadRest?: (server: Server, from: string, to: string, at: number) => Invocation;
  readonly downloadRest?: UpOrDown;
  readonly uploadText?: UpOrDown;
  readonly downloadText?: UpOrDown;
  /** Folder to folder, with all below. */
  readonly mirrorUp?: UpOrDown;
  readonly mirrorDown?: UpOrDown;
  readonly ipv6: boolean;
  /** The commands by which it can ask for an active data connection, and the address it needs for that. */
  readonly active: Partial<Record<'PORT' | 'EPRT', Server['host']>>;
  /** The ways in which it can begin TLS, with the versions that it can be held to, of which none may be. */
  readonly tls: Partial<Record<'explicit' | 'implicit', readonly TlsVersion[]>>;
  /** The versions in which its data connections resume the TLS session of its control connection. */
  readonly resumes?: readonly TlsVersion[];
  /** Why it has no row for something, or leaves out some names. */
  readonly cannot?: Readonly<Record<string, string>>;
  /** Names that it cannot send or ask for, and why they are its own limit. */
  readonly garbles?: RegExp;
}
