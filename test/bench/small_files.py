"""Moves many small files by FTP and prints the seconds it took, logins left out where they are not what is measured.

Usage: small_files.py put|get|login PORT USER PASSWORD COUNT CONNECTIONS BYTES PREFIX
"""

import ftplib
import io
import os
import sys
import time

from at_once import time_at_once


def put(ftp, path, size):
    ftp.storbinary(f"STOR {path}", io.BytesIO(os.urandom(size)))


def get(ftp, path, size):
    received = io.BytesIO()
    ftp.retrbinary(f"RETR {path}", received.write)
    if len(received.getvalue()) != size:
        raise ValueError(f"{path} has {len(received.getvalue())} bytes")


def log_in(port, user, password):
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", port, timeout=60)
    ftp.login(user, password)
    return ftp


def prepare(action, login, paths, size):
    ftp = log_in(*login)

    def move():
        for path in paths:
            action(ftp, path, size)

    return move


def time_moves(action, login, count, connections, size, prefix):
    paths = [f"in/{prefix}-{number}" for number in range(count)]
    return time_at_once(
        prepare, [(action, login, paths[first::connections], size) for first in range(connections)]
    )


def time_logins(login, count):
    start = time.perf_counter()
    for _ in range(count):
        log_in(*login).quit()
    return time.perf_counter() - start


def main():
    name, port, user, password, count, connections, size, prefix = sys.argv[1:]
    login = (int(port), user, password)
    if name == "login":
        print(time_logins(login, int(count)))
    else:
        action = {"put": put, "get": get}[name]
        print(time_moves(action, login, int(count), int(connections), int(size), prefix))


if __name__ == "__main__":
    main()
