"""Python's ftplib, one thing a run: HOST PORT USER PASSWORD DATA SECURITY TLS TRUSTED VERB WORDS..."""

import ftplib
import os
import socket
import ssl
import sys

host, port, user, password, data, security, tls, trusted, verb, *words = sys.argv[1:]



class Explicit(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        # FTP_TLS itself resumes no session.
        plain, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(plain, server_hostname=self.host, session=self.sock.session), size


class Implicit(Explicit):
    def connect(self, host, port):
        self.host = host
        plain = socket.create_connection((host, port), self.timeout)
        self.af = plain.family
        self.sock = self.context.wrap_socket(plain, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()


encoding = os.environ.get("FTPLIB_ENCODING", "utf-8")
if security == "plain":
    ftp = ftplib.FTP(timeout=100, encoding=encoding)
else:
    context = ssl.create_default_context(cafile=trusted)
    if tls != "any":
        context.minimum_version = context.maximum_version = ssl.TLSVersion[f"TLSv{tls.replace('.', '_')}"]
    ftp = {"explicit": Explicit, "implicit": Implicit}[security](
        timeout=100, encoding=encoding, context=context
    )
ftp.connect(host, int(port))
ftp.login(user, password)
if security != "plain":
    ftp.prot_p()
ftp.set_pasv(data == "passive")


def upload(local, remote):
    with open(local, "rb") as file:
        ftp.storbinary(f"STOR {remote}", file, blocksize=65536)


def download(remote, local):
    with open(local, "wb") as file:
        ftp.retrbinary(f"RETR {remote}", file.write, blocksize=65536)


def stream(remote):
    ftp.retrbinary(f"RETR {remote}", sys.stdout.buffer.write, blocksize=65536)


def say(line):
    print(line)


def upload_rest(local, remote, at):
    with open(local, "rb") as file:
        file.seek(int(at))
        ftp.storbinary(f"STOR {remote}", file, blocksize=65536, rest=int(at))


def download_rest(remote, local):
    at = os.path.getsize(local)
    with open(local, "ab") as file:
        ftp.retrbinary(f"RETR {remote}", file.write, blocksize=65536, rest=at)


def upload_text(local, remote):
    with open(local, "rb") as file:
        ftp.storlines(f"STOR {remote}", file)


def download_text(remote, local):
    with open(local, "w", newline="\n") as file:
        ftp.retrlines(f"RETR {remote}", lambda line: file.write(line + "\n"))


def mlsd(folder):
    for name, facts in ftp.mlsd(folder):
        if facts["type"] == "file":
            print(name)


verbs = {
    "upload": upload,
    "download": download,
    "stream": stream,
    "LIST": lambda folder: ftp.dir(folder, say),
    "NLST": lambda folder: ftp.retrlines(f"NLST {folder}", say),
    "MLSD": mlsd,
    "say": lambda line: say(ftp.sendcmd(line)),
    "rename": ftp.rename,
    "remove": ftp.delete,
    "upload-rest": upload_rest,
    "download-rest": download_rest,
    "upload-text": upload_text,
    "download-text": download_text,
}
verbs[verb](*words)
ftp.quit()
