"""Moves many small files by FTP and prints the seconds it took, logins left out where they are not what is measured.

Usage: small_files.py put|get|login PORT USER PASSWORD COUNT CONNECTIONS BYTES PREFIX
"""

import ftplib
import io
import multiprocessing
import os
import sys
import time


def put(ftp, path, size):
    ftp.storbinary(f"STOR {path}", io.BytesIO(os.urandom(size)))


def get(ftp, path, size):
    received = io.BytesIO()
    ftp.retrbinary(f"RETR {path}", received.write)
    if len(received.getvalue()) != size:
        raise SystemExit(f"{path} has {len(received.getvalue())} bytes")


def log_in(port, user, password):
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", port, timeout=60)
    ftp.login(user, password)
    return ftp


def move(action, port, user, password, paths, size, barrier):
    ftp = log_in(port, user, password)
    barrier.wait()
    for path in paths:
        action(ftp, path, size)
    barrier.wait()
    ftp.quit()


def time_moves(action, port, user, password, count, connections, size, prefix):
    """Processes, not threads: one interpreter would be slower than what it measures."""
    barrier = multiprocessing.Barrier(connections + 1)
    children = []
    for first in range(connections):
        paths = [f"in/{prefix}-{number}" for number in range(first, count, connections)]
        arguments = (action, port, user, password, paths, size, barrier)
        children.append(multiprocessing.Process(target=move, args=arguments, daemon=True))
    for child in children:
        child.start()
    barrier.wait(60)
    start = time.perf_counter()
    barrier.wait(300)
    seconds = time.perf_counter() - start
    for child in children:
        child.join()
    return seconds


def time_logins(port, user, password, count):
    start = time.perf_counter()
    for _ in range(count):
        log_in(port, user, password).quit()
    return time.perf_counter() - start


def main():
    name, port, user, password, count, connections, size, prefix = sys.argv[1:]
    if name == "login":
        print(time_logins(int(port), user, password, int(count)))
    else:
        action = {"put": put, "get": get}[name]
        print(time_moves(action, int(port), user, password, int(count), int(connections), int(size), prefix))


main()
