"""Files over FTPS with Python's ftplib. Arguments: host, port, CA file, reuse | active | no-reuse, transfers, then: ccc | rein | none."""

import ftplib
import io
import ssl
import sys

host, port, ca, how, transfers, then = sys.argv[1:]


class Client(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            session = getattr(self.sock, "session", None) if how != "no-reuse" else None
            connection = self.context.wrap_socket(connection, server_hostname=self.host, session=session)
        return connection, size


client = Client(context=ssl.create_default_context(cafile=ca))
client.connect(host, int(port), timeout=100)
client.login("acme", "secret")
client.prot_p()
client.set_pasv(how != "active")
for index in range(int(transfers)):
    # storbinary waits for the server's close_notify, and fails without one.
    client.storbinary(f"STOR in/{index}", io.BytesIO(b"x" * index))
    taken = io.BytesIO()
    client.retrbinary(f"RETR in/{index}", taken.write)
    assert taken.getvalue() == b"x" * index
if then == "ccc":
    client.ccc()
    assert client.pwd() == "/"
    client.storbinary("STOR in/after", io.BytesIO(b"private"))
elif then == "rein":
    client.sendcmd("REIN")
    client.sock = client.sock.unwrap()
    client.file = client.sock.makefile("r", encoding="utf-8")
    try:
        client.sendcmd("PWD")
        sys.exit("REIN left the login")
    except ftplib.error_perm as refused:
        assert str(refused).startswith("530"), refused
    client.sendcmd("USER acme")
    client.sendcmd("PASS secret")
client.quit()
print("done")
