"""Runs a command and writes what it cost to a file descriptor: launcher.py DESCRIPTOR COMMAND...

A process of its own, small and fresh for each command: the kernel counts what a child had before its exec to the child's peak
memory, so the process that gathers the results, which grows, must not be the parent.
"""

import os
import sys
import time


def main() -> None:
    descriptor, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(descriptor, False)
    start = time.perf_counter()
    process = os.fork()
    if process == 0:
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            os._exit(127)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    facts = (os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
    os.write(descriptor, " ".join(map(str, facts)).encode())


main()
