"""Many clients at once.

Usage: crowd.py send PORT USER PASSWORD CLIENTS FILE
       crowd.py idle PORT USER PASSWORD CLIENTS

`send` uploads the file from every client and prints the seconds it took, logins left out. `idle` logs in, says so in a
line, and stays until its input ends.
"""

import ftplib
import multiprocessing
import socket
import sys
import threading
import time

# One interpreter has one lock; what its threads wait for is the network.
PROCESSES = 4


def log_in(port, user, password):
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", port, timeout=120)
    ftp.login(user, password)
    return ftp


def send(ftp, name, file):
    ftp.voidcmd("TYPE I")
    with open(file, "rb") as source, ftp.transfercmd(f"STOR in/{name}") as connection:
        connection.sendfile(source)
        connection.shutdown(socket.SHUT_WR)
    ftp.voidresp()


def send_some(port, user, password, numbers, file, barrier, failures):
    sessions = [log_in(port, user, password) for _ in numbers]
    barrier.wait()

    def send_one(ftp, number):
        try:
            send(ftp, f"large-{number}", file)
        except Exception as error:  # counted, and told by the parent
            failures.put(str(error))

    threads = [threading.Thread(target=send_one, args=pair) for pair in zip(sessions, numbers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    barrier.wait()
    for ftp in sessions:
        ftp.quit()


def time_sends(port, user, password, clients, file):
    barrier = multiprocessing.Barrier(PROCESSES + 1)
    failures = multiprocessing.Queue()
    children = [
        multiprocessing.Process(
            target=send_some,
            args=(port, user, password, range(first, clients, PROCESSES), file, barrier, failures),
            daemon=True,
        )
        for first in range(PROCESSES)
    ]
    for child in children:
        child.start()
    barrier.wait(120)
    start = time.perf_counter()
    barrier.wait(500)
    seconds = time.perf_counter() - start
    for child in children:
        child.join()
    if not failures.empty():
        raise SystemExit(f"an upload failed: {failures.get()}")
    return seconds


def stay(port, user, password, clients):
    sessions = [log_in(port, user, password) for _ in range(clients)]
    print("logged in", flush=True)
    sys.stdin.read()
    for ftp in sessions:
        ftp.close()


def main():
    name, port, user, password, clients, *file = sys.argv[1:]
    if name == "send":
        print(time_sends(int(port), user, password, int(clients), *file))
    else:
        stay(int(port), user, password, int(clients))


main()
