"""Ends a transfer as RFC 959 says it, with Telnet's Synch as urgent data: PORT COMMAND FORM."""

import socket
import sys
import time
from ftplib import FTP

port, command, form = sys.argv[1:]
IP, DM = b"\xff\xf4", b"\xff\xf2"

ftp = FTP(timeout=100)
ftp.connect("127.0.0.1", int(port))
ftp.login("acme", "secret")
ftp.voidcmd("TYPE I")
data = ftp.transfercmd(command)
if command.startswith("STOR"):
    data.sendall(b"x" * 1000)
else:
    data.recv(1000)
time.sleep(0.1)

began = time.monotonic()
if form == "synch":
    ftp.sock.sendall(IP)
    ftp.sock.send(DM, socket.MSG_OOB)
    ftp.sock.sendall(b"ABOR\r\n")
elif form == "urgent-all":
    ftp.sock.send(IP + DM + b"ABOR\r\n", socket.MSG_OOB)
elif form == "ftplib":
    # Its own abort reads the first reply.
    print(ftp.abort())
if form != "ftplib":
    print(ftp.getmultiline())
print(ftp.getmultiline())
print(f"after {time.monotonic() - began:.3f} s")
data.close()
print(ftp.voidcmd("NOOP"))
