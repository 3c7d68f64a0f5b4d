"""Runs a server and waits for every process it leaves behind: vsftpd does not wait for all of its own, and their CPU time is otherwise
counted nowhere. Arguments: the command. Ends with the server, and ends the server when it is told to end."""
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
prctl = ctypes.CDLL(None, use_errno=True).prctl

if prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
# Blocked until the server is known, so that no signal is lost; the server itself must not inherit that.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
server = os.fork()
if server == 0:
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    os.execvp(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(server, signal.SIGTERM))
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
while True:
    pid, status = os.wait()
    if pid == server:
        sys.exit(os.waitstatus_to_exitcode(status) & 255)
