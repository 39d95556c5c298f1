"""One upload with Python's ftplib, tried until it is there: HOST PORT USER PASSWORD CA LOCAL REMOTE, CA `-` for no TLS.

Each try asks how much is there, and goes on from that. The rate is that of a slow line, so that a try takes a while.
"""

import ftplib
import os
import ssl
import sys
import time

host, port, user, password, ca, local, remote = sys.argv[1:]
TRIES = 60
PAUSE = 0.5
BLOCK = 65536
BYTES_PER_SECOND = 1.5e6


class Resuming(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session
        return self.context.wrap_socket(connection, server_hostname=self.host, session=session), size


def size_of(client):
    try:
        return client.size(remote) or 0
    except ftplib.error_perm:
        return 0


def upload():
    if ca == "-":
        client = ftplib.FTP(timeout=40)
    else:
        client = Resuming(context=ssl.create_default_context(cafile=ca), timeout=40)
    try:
        client.connect(host, int(port))
        client.login(user, password)
        if ca != "-":
            client.prot_p()
        client.voidcmd("TYPE I")
        at = size_of(client)
        if 0 < at == os.path.getsize(local):
            return
        with open(local, "rb") as file:
            file.seek(at)
            # Half of the world goes on by APPE.
            verb = "APPE" if at % 2 else "STOR"
            rest = at if verb == "STOR" and at else None
            slowly = lambda block: time.sleep(len(block) / BYTES_PER_SECOND)
            print(client.storbinary(f"{verb} {remote}", file, BLOCK, slowly, rest))
        client.quit()
    finally:
        client.close()


for _ in range(TRIES):
    try:
        upload()
        sys.exit(0)
    except ftplib.error_perm:
        raise
    except (ftplib.Error, EOFError, OSError) as failed:
        print(repr(failed), flush=True)
        time.sleep(PAUSE)
sys.exit("given up")
