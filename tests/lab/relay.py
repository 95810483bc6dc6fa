#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""relay.py - TCP relays on loopback that are far away, or break.

stdin, one line of JSON: a list of plans {"to": [HOST, PORT], "delay_ms": 20, "up": END, "down": END}, where END is
{"after": BYTES, "then": "close" | "reset" | "stall"} and both ends, and the delay, may be left out. "up" is what the
client sends. stdout, one line: the list of ports. It runs until stdin ends, and then prints what went through each:
[{"connections": N, "up": BYTES, "down": BYTES}, ...].

close and reset end the whole connection the moment so many bytes went on; stall lets it stand in silence."""
import asyncio
import json
import socket
import struct
import sys

CHUNK = 65536
QUEUE = 64  # chunks under way in one direction: a limit for memory, far above what a test sends in a round trip


class Relay:
    def __init__(self, plan):
        self.plan = plan
        self.delay = plan.get('delay_ms', 0) / 1000
        self.tally = {'connections': 0, 'up': 0, 'down': 0}
        self.open = set()

    async def listen(self):
        self.server = await asyncio.start_server(self.accept, '127.0.0.1', 0)
        return self.server.sockets[0].getsockname()[1]

    async def accept(self, reader, writer):
        self.tally['connections'] += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.plan['to'])
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        ways = [asyncio.ensure_future(self.carry('up', reader, far_writer, pair)),
                asyncio.ensure_future(self.carry('down', far_reader, writer, pair))]
        self.open.update(ways)
        try:
            await asyncio.gather(*ways)
        except (OSError, asyncio.CancelledError):
            for way in ways:
                way.cancel()
        finally:
            self.open.difference_update(ways)
            for end in pair:
                end.close()

    async def carry(self, direction, reader, writer, pair):
        """Both halves of one direction: what is read is due a delay later, in order."""
        under_way = asyncio.Queue(QUEUE)
        deliver = asyncio.ensure_future(self.deliver(direction, under_way, writer, pair))
        try:
            while True:
                data = await reader.read(CHUNK)
                await under_way.put((asyncio.get_running_loop().time() + self.delay, data))
                if not data:
                    break
            await deliver
        finally:
            deliver.cancel()

    async def deliver(self, direction, under_way, writer, pair):
        end = self.plan.get(direction, {})
        left = end.get('after')
        while True:
            due, data = await under_way.get()
            wait = due - asyncio.get_running_loop().time()
            if wait > 0:
                await asyncio.sleep(wait)
            if not data:
                writer.write_eof()
                return
            if left is not None:
                data = data[:left]
                left -= len(data)
            if data:
                writer.write(data)
                await writer.drain()
                self.tally[direction] += len(data)
            if left == 0:
                await self.finish(end['then'], pair)

    async def finish(self, how, pair):
        if how == 'stall':
            await asyncio.Event().wait()
        for writer in pair:
            if how == 'reset':
                writer.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                writer.transport.abort()
            else:
                writer.close()
        raise ConnectionResetError(how)


async def main():
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    relays = [Relay(plan) for plan in json.loads(await stdin.readline())]
    print(json.dumps([await relay.listen() for relay in relays]), flush=True)
    await stdin.read()
    print(json.dumps([relay.tally for relay in relays]), flush=True)
    for relay in relays:
        for way in relay.open:
            way.cancel()


if __name__ == '__main__':
    asyncio.run(main())
