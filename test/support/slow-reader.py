"""Reads a protected download slowly at first, through the smallest of receive buffers, and then as fast as it comes.

Prints `ready`, reads the port from standard input, and prints the length in the end.
"""
import socket
import ssl
import sys
import time

certificate, key, rate, seconds = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.load_cert_chain(certificate, key)
raw = socket.socket()
raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
print("ready", flush=True)
raw.connect(("127.0.0.1", int(sys.stdin.readline())))
connection = context.wrap_socket(raw)
started = time.monotonic()
length = 0
try:
    while True:
        elapsed = time.monotonic() - started
        if elapsed < float(seconds):
            time.sleep(max(0, length / int(rate) - elapsed))
        block = connection.recv(4096)
        if not block:
            break
        length += len(block)
except OSError:
    pass
print(length)
