"""Many clients at once.

Usage: crowd.py send PORT USER PASSWORD CLIENTS FILE
       crowd.py idle PORT USER PASSWORD CLIENTS

`send` uploads the file from every client and prints the seconds it took, logins left out. `idle` logs in, says so in a
line, and stays until its input ends.
"""

import ftplib
import socket
import sys
import threading

from at_once import time_at_once

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


def prepare(login, numbers, file):
    sessions = [log_in(*login) for _ in numbers]
    failed = []

    def send_one(ftp, number):
        try:
            send(ftp, f"large-{number}", file)
        except Exception as error:
            failed.append(error)

    def send_all():
        threads = [threading.Thread(target=send_one, args=pair) for pair in zip(sessions, numbers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    return send_all


def time_sends(login, clients, file):
    return time_at_once(
        prepare, [(login, range(first, clients, PROCESSES), file) for first in range(PROCESSES)]
    )


def stay(login, clients):
    sessions = [log_in(*login) for _ in range(clients)]
    print("logged in", flush=True)
    sys.stdin.read()
    for ftp in sessions:
        ftp.close()


def main():
    name, port, user, password, clients, *file = sys.argv[1:]
    login = (int(port), user, password)
    if name == "send":
        print(time_sends(login, int(clients), *file))
    else:
        stay(login, int(clients))


if __name__ == "__main__":
    main()
