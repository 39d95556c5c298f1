"""Many FTP clients at once in one process, each from an address of its own.

PORT USER PASSWORD FIRST COUNT SAME [HOST BASE]: clients FIRST to FIRST + COUNT - 1, of HOST (127.0.0.1), with addresses from BASE (127.0.10.0) on. All log in, and wait for a line on stdin; then
all prepare a data connection, connect and upload at the same time. With SAME `same` they all have that of BASE.
Prints what went wrong, and at the end the number of files that were stored.
"""

import asyncio
import ipaddress
import sys

port, user, password, first, count, same, *where = sys.argv[1:]
host, base = where or ("127.0.0.1", "127.0.0.1" if same == "same" else "127.0.10.0")
port, first, count = int(port), int(first), int(count)
SECONDS = 600
# In a fleet: one listener is to need none.
TRIES = 4 if where else 1


class Client:
    def __init__(self, number):
        self.number = number
        # No address ends with 0 or 255.
        own = int(ipaddress.ip_address(base)) + 256 * (number // 250) + 1 + number % 250
        self.address = base if same == "same" else str(ipaddress.ip_address(own))

    def connect(self, to):
        return asyncio.open_connection(host, to, local_addr=(self.address, 0))

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
        """Tries again what the server says may work later, as clients do. Answers how often it had to."""
        for tries in range(TRIES):
            try:
                await self.try_upload()
                break
            except (RuntimeError, OSError) as failed:
                if tries == TRIES - 1 or not isinstance(failed, OSError) and " answered 4" not in str(failed):
                    raise
        await self.say("QUIT", "221")
        self.writer.close()
        return tries

    async def try_upload(self):
        told = await self.say("EPSV", "229")
        _, data = await self.connect(int(told.split("|||")[1].split("|")[0]))
        await self.say(f"STOR /in/{self.number}.txt", "150")
        data.write(f"from {self.number}".encode())
        data.close()
        await self.say("", "226")


async def main():
    clients = [Client(first + index) for index in range(count)]
    # No more at once than a listener's queue of connections takes without a repetition of TCP.
    for start in range(0, count, 100):
        await asyncio.gather(*(client.log_in() for client in clients[start : start + 100]))
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    ends = await asyncio.gather(*(client.upload() for client in clients), return_exceptions=True)
    for end in ends:
        if not isinstance(end, int):
            print(repr(end))
    tries = [end for end in ends if isinstance(end, int)]
    if any(tries):
        print("tried again", sum(tries))
    print("stored", len(tries), flush=True)


asyncio.run(asyncio.wait_for(main(), SECONDS))
