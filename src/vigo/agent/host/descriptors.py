"""Waiting for a descriptor without a thread."""

import asyncio


async def readable(descriptor: int) -> None:
    """Return once something can be read, or nothing ever will."""
    loop = asyncio.get_running_loop()
    is_ready = asyncio.Event()
    loop.add_reader(descriptor, is_ready.set)
    try:
        await is_ready.wait()
    finally:
        loop.remove_reader(descriptor)


async def writable(descriptor: int) -> None:
    """Return once something can be written, or nobody reads any more."""
    loop = asyncio.get_running_loop()
    is_ready = asyncio.Event()
    loop.add_writer(descriptor, is_ready.set)
    try:
        await is_ready.wait()
    finally:
        loop.remove_writer(descriptor)
