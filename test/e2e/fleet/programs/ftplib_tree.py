"""A folder of files with Python's ftplib: HOST PORT USER PASSWORD CA up|down LOCAL REMOTE, CA `-` for no TLS."""

import ftplib
import os
import ssl
import sys

host, port, user, password, ca, verb, local, remote = sys.argv[1:]


class Resuming(ftplib.FTP_TLS):
    """The library resumes no session by itself: this is what its users write."""

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session
        return self.context.wrap_socket(connection, server_hostname=self.host, session=session), size


def connect():
    if ca == "-":
        client = ftplib.FTP(timeout=200)
    else:
        client = Resuming(context=ssl.create_default_context(cafile=ca), timeout=200)
    client.connect(host, int(port))
    client.login(user, password)
    if ca != "-":
        client.prot_p()
    return client


client = connect()
if verb == "up":
    for name in os.listdir(local):
        with open(os.path.join(local, name), "rb") as file:
            client.storbinary(f"STOR {remote}/{name}", file)
else:
    for name in client.nlst(remote):
        name = os.path.basename(name)
        with open(os.path.join(local, name), "wb") as file:
            client.retrbinary(f"RETR {remote}/{name}", file.write)
client.quit()
