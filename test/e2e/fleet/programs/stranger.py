"""Somebody who is no client: HOST FIRST LAST SECONDS ports|relay FROM.

`ports` dials all ports from FIRST to LAST again and again, and keeps some connections as long as it may, those in the
middle of the range first. `relay` answers the challenge of a relay port with claims of its own making. Prints how many
connections were made, and how many bytes came that are no challenge.
"""

import asyncio
import os
import random
import struct
import sys
import time

host, first, last, seconds, how, own = sys.argv[1:]
first, last = int(first), int(last)
until = time.monotonic() + float(seconds)
AT_ONCE = 40
HELD_SECONDS = 3
CHALLENGE_BYTES = 33
made = got = 0


def claim():
    address = random.choice([b"10.78.1.2", b"127.0.0.1", os.urandom(12)])
    return struct.pack(">BBHB", 1, 0, random.randint(first, last), len(address)) + address + os.urandom(32)


async def visit(number):
    global made, got
    middle = (first + last) // 2
    port = middle if number % 4 == 0 else random.randint(first, last)
    reader, writer = await asyncio.open_connection(host, port, local_addr=(own, 0))
    made += 1
    try:
        if how == "relay":
            await asyncio.wait_for(reader.readexactly(CHALLENGE_BYTES), HELD_SECONDS)
        writer.write(claim() if how == "relay" else os.urandom(100))
        got += len(await asyncio.wait_for(reader.read(65536), HELD_SECONDS))
    finally:
        writer.close()


async def visitor(number):
    while time.monotonic() < until:
        try:
            await visit(number)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            # Waits a little, so that it takes no more of a small machine than the network would let through.
            await asyncio.sleep(0.05)


async def main():
    await asyncio.gather(*(visitor(number) for number in range(AT_ONCE)))


asyncio.run(main())
print(f"made {made}, got {got}")
