"""A port whose queue of connections is full: the kernel answers no more of them. Prints the port, and ends with its input."""
import socket
import sys

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
held = []
for _ in range(4):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    held.append(client)
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
