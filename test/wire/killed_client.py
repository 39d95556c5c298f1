"""Logs in, begins an upload, says `sending` and sends pieces until it is killed.

Usage: killed_client.py PORT USER PASSWORD PATH BYTES

Its control connection has the higher descriptor: the kernel ends the data connection first.
"""

import ftplib
import os
import sys

HIGH = 200

port, user, password, path, size = sys.argv[1:]
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(port), timeout=200)
ftp.login(user, password)
ftp.voidcmd("TYPE I")
data = ftp.transfercmd(f"STOR {path}")
os.dup2(ftp.sock.fileno(), HIGH)
ftp.file.close()
ftp.sock.close()
data.sendall(b"x" * int(size))
print("sending", flush=True)
while True:
    data.sendall(b"x" * int(size))
