"""Moves files by FTP where control and data connections go to addresses of their own, as a balancer sends them, and prints
the seconds it took, logins left out.

Usage: transfers.py put|get CONTROLS DATAS PORT USER PASSWORD COUNT CONNECTIONS FILE PREFIX

CONTROLS and DATAS are addresses with commas between; each connection goes to a random one of them. COUNT files in all, each
with the bytes of FILE.
"""

import ftplib
import multiprocessing
import os
import random
import socket
import sys
import time

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
        raise SystemExit(f"{path} lacks {left} bytes")


def work(action, controls, datas, port, user, password, numbers, file, prefix, barrier, failures):
    try:
        ftp = Ftp()
        ftp.datas = datas
        ftp.connect(random.choice(controls), port, timeout=60)
        ftp.login(user, password)
        ftp.voidcmd("TYPE I")
    except Exception as error:
        failures.put(str(error))
    barrier.wait()
    try:
        for number in numbers:
            action(ftp, f"in/{prefix}-{number}", file)
    except Exception as error:  # counted, and told by the parent
        failures.put(str(error))
    barrier.wait()


def main():
    action, controls, datas, port, user, password, count, connections, file, prefix = sys.argv[1:]
    count, connections = int(count), int(connections)
    barrier = multiprocessing.Barrier(connections + 1)
    failures = multiprocessing.Queue()
    ends = (controls.split(","), datas.split(","), int(port), user, password)
    children = [
        multiprocessing.Process(
            target=work,
            args=(globals()[action], *ends, range(first, count, connections), file, prefix, barrier, failures),
            daemon=True,
        )
        for first in range(connections)
    ]
    for child in children:
        child.start()
    barrier.wait(120)
    start = time.perf_counter()
    barrier.wait(500)
    seconds = time.perf_counter() - start
    if not failures.empty():
        raise SystemExit(f"a transfer failed: {failures.get()}")
    print(seconds)


main()
