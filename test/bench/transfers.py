"""Moves files by FTP where control and data connections go to addresses of their own, as a balancer sends them, and prints
the seconds it took, logins left out.

Usage: transfers.py put|get CONTROLS DATAS PORT USER PASSWORD COUNT CONNECTIONS FILE PREFIX

CONTROLS and DATAS are addresses with commas between; each connection goes to a random one of them. COUNT files in all, each
with the bytes of FILE.
"""

import ftplib
import os
import random
import socket
import sys

from at_once import time_at_once

BLOCK = 256 * 1024


class Ftp(ftplib.FTP):
    datas = []

    def makepasv(self):
        _, port = super().makepasv()
        return random.choice(self.datas), port


def put(ftp, path, file):
    with open(file, "rb") as source, ftp.transfercmd(f"STOR {path}") as connection:
        connection.sendfile(source)
        connection.shutdown(socket.SHUT_WR)
    ftp.voidresp()


def get(ftp, path, file):
    left = os.path.getsize(file)
    block = memoryview(bytearray(BLOCK))
    with ftp.transfercmd(f"RETR {path}") as connection:
        while received := connection.recv_into(block):
            left -= received
    ftp.voidresp()
    if left != 0:
        raise ValueError(f"{path} lacks {left} bytes")


def prepare(action, ends, numbers, file, prefix):
    controls, datas, port, user, password = ends
    ftp = Ftp()
    ftp.datas = datas
    ftp.connect(random.choice(controls), port, timeout=60)
    ftp.login(user, password)
    ftp.voidcmd("TYPE I")

    def move():
        for number in numbers:
            action(ftp, f"in/{prefix}-{number}", file)

    return move


def main():
    name, controls, datas, port, user, password, count, connections, file, prefix = sys.argv[1:]
    count, connections = int(count), int(connections)
    action = {"put": put, "get": get}[name]
    ends = (controls.split(","), datas.split(","), int(port), user, password)
    shares = [(action, ends, range(first, count, connections), file, prefix) for first in range(connections)]
    print(time_at_once(prepare, shares))


if __name__ == "__main__":
    main()
