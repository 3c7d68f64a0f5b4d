#!/usr/bin/python3
"""Hook onUpload: sends the file to clamd by INSTREAM. Argument: the Unix socket of clamd."""
import json
import socket
import struct
import sys

event = json.load(sys.stdin)
with open(event["file"], "rb") as file, socket.socket(socket.AF_UNIX) as clamd:
    clamd.connect(sys.argv[1])
    clamd.sendall(b"zINSTREAM\0")
    while chunk := file.read(65536):
        clamd.sendall(struct.pack("!I", len(chunk)) + chunk)
    clamd.sendall(struct.pack("!I", 0))
    answer = b""
    while part := clamd.recv(4096):
        answer += part
verdict = answer.decode().rstrip("\0")
if verdict == "stream: OK":
    print(json.dumps({"allow": True}))
elif verdict.endswith(" FOUND"):
    print(json.dumps({"allow": False, "reason": verdict}))
else:
    # Not examined, as a file above StreamMaxLength: no answer, so that whenUnavailable decides.
    sys.exit(f"clamd says: {verdict}")
