import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../services/ftp/commands/all.ts';
import { type FtpLab, type FtpTalk, put, startFtpLab } from '../support/ftp-lab.ts';
import { type Exchange, follow } from '../support/transcript.ts';

/** Said one after the other, each verb in a session of its own that is logged in, with the file /in/a of five bytes. */
const transcripts: Readonly<Record<string, readonly Exchange[]>> = {
  USER: [
    ['USER acme', '331 Send the password.'],
    ['PWD', '530 Log in first: PASS is missing.'],
  ],
  PASS: [
    ['PASS secret', '503 You are logged in already.'],
    ['REIN', 220],
    ['PASS secret', '503 Send USER first.'],
  ],
  ACCT: [
    ['ACCT', 501],
    ['ACCT me', '202 No account is needed.'],
  ],
  REIN: [
    ['REIN now', 501],
    ['CWD in', 250],
    ['REIN', '220 Ready for a new user.'],
    ['PWD', '530 Log in first.'],
    ['USER acme', 331],
    ['PASS secret', 230],
    ['PWD', '257 "/" is the current folder.'],
  ],
  QUIT: [
    ['QUIT now', 501],
    ['QUIT', '221 Goodbye.'],
  ],
  HOST: [
    ['HOST', 501],
    ['HOST example.com', 503],
  ],
  CWD: [
    ['CWD in', '250 "/in" is the current folder.'],
    ['CWD a', '550 That is not a folder.'],
    ['CWD', '250 "/in" is the current folder.'],
    ['CWD ..', '250 "/" is the current folder.'],
    ['CWD none', /^550 No such file or folder/],
  ],
  CDUP: [
    ['CDUP x', 501],
    ['CWD in', 250],
    ['CDUP', '250 "/" is the current folder.'],
  ],
  PWD: [
    ['PWD x', 501],
    ['PWD', '257 "/" is the current folder.'],
  ],
  XCWD: [['XCWD in', '250 "/in" is the current folder.']],
  XCUP: [['XCUP', '250 "/" is the current folder.']],
  XPWD: [['XPWD', '257 "/" is the current folder.']],
  TYPE: [
    ['TYPE', 501],
    ['TYPE A', '200 TYPE is A.'],
    ['TYPE A N', '200 TYPE is A.'],
    ['TYPE L 8', '200 TYPE is I.'],
    ['TYPE L', 501],
    ['TYPE E', '504 TYPE A, I and L 8 only.'],
  ],
  STRU: [
    ['STRU', 501],
    ['STRU F', '200 STRU is F.'],
    ['STRU R', '504 STRU F only.'],
    ['STRU X', '501 STRU takes F.'],
  ],
  MODE: [
    ['MODE', 501],
    ['MODE Z', '200 MODE is Z.'],
    ['MODE s', '200 MODE is S.'],
    ['MODE B', '504 MODE S and Z only.'],
    ['MODE X', '501 MODE takes S or Z.'],
  ],
  REST: [
    ['REST', 501],
    ['REST x', '501 REST takes a number of bytes.'],
    ['REST 3', '350 The next RETR or STOR begins at byte 3.'],
  ],
  RANG: [
    ['RANG', 501],
    ['RANG 3', '501 RANG takes the first and the last byte.'],
    ['RANG 1 3', '350 The next RETR or HASH is about bytes 1 to 3.'],
    ['RANG 1 0', '350 The next one is about the whole file.'],
  ],
  ALLO: [
    ['ALLO', 501],
    ['ALLO x', '501 ALLO takes a number of bytes.'],
    ['ALLO 5', '200 5 bytes are expected.'],
  ],
  PASV: [
    ['PASV x', 501],
    ['PASV', /^227 Entering Passive Mode \(127,0,0,1,\d+,\d+\)\.$/],
  ],
  EPSV: [
    ['EPSV', /^229 Entering Extended Passive Mode \(\|\|\|\d+\|\)$/],
    ['EPSV 2', 522],
    ['EPSV x', 501],
    ['EPSV ALL', 200],
    ['PASV', 503],
  ],
  PORT: [
    ['PORT', 501],
    ['PORT 127,0,0,1,200', 501],
    ['PORT 127,0,0,1,200,1', 200],
  ],
  EPRT: [
    ['EPRT', 501],
    ['EPRT |1|127.0.0.1|', 501],
    ['EPRT |1|127.0.0.1|51201|', 200],
  ],
  STOR: [
    ['STOR', 501],
    ['STOR in/b', /^425 /],
  ],
  APPE: [
    ['APPE', 501],
    ['APPE in/b', 425],
  ],
  STOU: [['STOU', 425]],
  RETR: [
    ['RETR', 501],
    ['RETR in/a', 425],
  ],
  ABOR: [
    ['ABOR x', 501],
    ['ABOR', 226],
  ],
  LIST: [['LIST', 425]],
  NLST: [['NLST', 425]],
  MLSD: [['MLSD', 425]],
  MLST: [
    ['MLST in', /^250-Facts follow\.\n type=dir;.* \/in\n250 End$/],
    ['MLST none', 550],
  ],
  MKD: [
    ['MKD', 501],
    ['MKD a "b"', '257 "/a ""b""" is made.'],
    ['MKD in', 550],
  ],
  XMKD: [['XMKD x', '257 "/x" is made.']],
  RMD: [
    ['RMD', 501],
    ['RMD out', '250 The folder is removed.'],
    ['RMD in', /^550 The folder is not empty/],
    ['RMD in/a', 550],
  ],
  XRMD: [['XRMD out', '250 The folder is removed.']],
  DELE: [
    ['DELE', 501],
    ['DELE in/a', '250 The file is removed.'],
    ['DELE in/a', 550],
    ['DELE in', 550],
  ],
  RNFR: [
    ['RNFR', 501],
    ['RNFR none', 550],
    ['RNFR in/a', '350 RNTO must follow.'],
  ],
  RNTO: [
    ['RNTO', 501],
    ['RNTO in/b', '503 RNFR must come first.'],
    ['RNFR in/a', 350],
    ['RNTO in/b', '250 It is renamed.'],
  ],
  SIZE: [
    ['SIZE', 501],
    ['SIZE in/a', '213 5'],
    ['SIZE in', 550],
    ['TYPE A', 200],
    ['SIZE in/a', '550 SIZE is not for ASCII: say TYPE I first.'],
  ],
  AVBL: [['AVBL', '550 There is no limit that is known here.']],
  STAT: [
    ['STAT', /^211-Landfall FTP\n Connected from 127\.0\.0\.1 .*\n Logged in as acme, in \/\n/],
    ['STAT in/a', /^213-Status:\n -rw-r--r-- .* a\n213 End$/],
    ['STAT in', /^213-Status:\n -rw-r--r-- .* a\n213 End$/],
    ['STAT in/a/', /^213-Status:\n -rw-r--r-- .* a\n213 End$/],
    ['STAT none', 550],
  ],
  FEAT: [
    ['FEAT x', 501],
    ['FEAT', /^211-Features:\n( [A-Z].*\n)+211 End$/],
  ],
  SYST: [
    ['SYST x', 501],
    ['SYST', '215 UNIX Type: L8'],
  ],
  HELP: [
    ['HELP', 214],
    ['HELP noop', '214 NOOP : nothing, but keeps the session open'],
    ['HELP none', 502],
  ],
  NOOP: [
    ['NOOP', '200 NOOP: here I am.'],
    ['NOOP x', 200],
  ],
  MDTM: [
    ['MDTM', 501],
    ['MDTM in/a', /^213 \d{14}$/],
  ],
  MFMT: [
    ['MFMT', 501],
    ['MFMT 20020717210715 in/a', '213 Modify=20020717210715; in/a'],
  ],
  MFCT: [
    ['MFCT', 501],
    ['MFCT 20020717210715 in/a', 504],
  ],
  MFF: [
    ['MFF', 501],
    ['MFF modify=20020717210715; in/a', '213 modify=20020717210715; in/a'],
  ],
  HASH: [
    ['HASH', 501],
    ['HASH in/a', /^213 SHA-256 0-5 [0-9a-f]{64} in\/a$/],
  ],
  XCRC: [
    ['XCRC', 501],
    ['XCRC in/a', '250 3610A686'],
  ],
  XMD5: [
    ['XMD5', 501],
    ['XMD5 in/a', '250 5D41402ABC4B2A76B9719D911017C592'],
  ],
  XSHA: [
    ['XSHA', 501],
    ['XSHA in/a', '250 AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D'],
  ],
  XSHA1: [
    ['XSHA1', 501],
    ['XSHA1 in/a', '250 AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D'],
  ],
  XSHA256: [
    ['XSHA256', 501],
    ['XSHA256 in/a', /^250 2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824$/],
  ],
  XSHA512: [
    ['XSHA512', 501],
    ['XSHA512 in/a', /^250 9B71D224BD62F3785D96D46AD3EA3D73[0-9A-F]{96}$/],
  ],
  COMB: [
    ['COMB', 501],
    ['COMB in/b in/a', '250 The file is stored.'],
  ],
  OPTS: [
    ['OPTS', 501],
    ['OPTS NONE', '501 There is no such option.'],
    ['OPTS UTF8 ON', '200 UTF8 is on.'],
  ],
  CLNT: [
    ['CLNT', 501],
    ['CLNT a program', '200 Noted.'],
  ],
  CSID: [
    ['CSID', 501],
    ['CSID Name=a program;', '200 Name=Landfall; CaseSensitive=1; DirSep=/;'],
  ],
  LANG: [
    ['LANG', '200 The replies are in English.'],
    ['LANG fr', '504 English only.'],
  ],
  SITE: [
    ['SITE', 501],
    ['SITE NONE', '500 There is no such SITE command.'],
    ['SITE HELP', 214],
  ],
  SMNT: [['SMNT /', '502 SMNT is not available here.']],
};

/** They have tests of their own, under TLS. */
const security = ['AUTH', 'PBSZ', 'PROT', 'CCC'];

describe('every verb', () => {
  let lab: FtpLab;
  let talk: FtpTalk;
  beforeEach(async () => {
    lab = await startFtpLab();
    talk = await lab.logIn();
    await put(talk, 'STOR in/a', 'hello');
  });
  afterEach(async () => {
    talk.socket.destroy();
    await lab.listener.stop(0);
  });

  it.each(Object.entries(transcripts))('%s', (_, exchanges) => follow(talk, exchanges));
});

it('has a row for every verb there is', () => {
  const verbs = Object.keys(COMMANDS).filter((verb) => !security.includes(verb));
  expect(Object.keys(transcripts).sort()).toEqual(verbs.sort());
});
