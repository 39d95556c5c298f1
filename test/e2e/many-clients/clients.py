"""Many FTP clients at once in one process, each from an address of its own.

PORT USER PASSWORD FIRST COUNT SAME: clients FIRST to FIRST + COUNT - 1. All log in, and wait for a line on stdin; then
all prepare a data connection, connect and upload at the same time. With SAME they all have the address 127.0.0.1.
Prints what went wrong, and at the end the number of files that were stored.
"""

import asyncio
import sys

port, user, password, first, count, same = sys.argv[1:]
port, first, count = int(port), int(first), int(count)
SECONDS = 90


class Client:
    def __init__(self, number):
        self.number = number
        self.address = "127.0.0.1" if same == "same" else f"127.0.{10 + number // 250}.{1 + number % 250}"

    def connect(self, to):
        return asyncio.open_connection("127.0.0.1", to, local_addr=(self.address, 0))

    async def say(self, line, expected):
        if line:
            self.writer.write(line.encode() + b"\r\n")
        reply = (await self.reader.readline()).decode().strip()
        if not reply.startswith(expected):
            raise RuntimeError(f"{self.address}: {line} was answered {reply}")
        return reply

    async def log_in(self):
        self.reader, self.writer = await self.connect(port)
        await self.say("", "220")
        await self.say(f"USER {user}", "331")
        await self.say(f"PASS {password}", "230")
        await self.say("TYPE I", "200")

    async def upload(self):
        told = await self.say("EPSV", "229")
        _, data = await self.connect(int(told.split("|||")[1].split("|")[0]))
        await self.say(f"STOR /in/{self.number}.txt", "150")
        data.write(f"from {self.number}".encode())
        data.close()
        await self.say("", "226")
        await self.say("QUIT", "221")
        self.writer.close()


async def main():
    clients = [Client(first + index) for index in range(count)]
    # No more at once than a listener's queue of connections takes without a repetition of TCP.
    for start in range(0, count, 100):
        await asyncio.gather(*(client.log_in() for client in clients[start : start + 100]))
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    ends = await asyncio.gather(*(client.upload() for client in clients), return_exceptions=True)
    for end in ends:
        if end is not None:
            print(repr(end))
    print("stored", sum(end is None for end in ends), flush=True)


asyncio.run(asyncio.wait_for(main(), SECONDS))
