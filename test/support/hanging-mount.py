"""Mounts a file system that never answers: every call on it hangs until this process ends. Prints "mounted"; needs root and /dev/fuse."""
import ctypes
import os
import struct
import sys

target = sys.argv[1]
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"hanging", target.encode(), b"fuse", 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
try:
    # FUSE_INIT alone is answered: version 7.31, nothing offered.
    request = os.read(device, 1 << 20)
    unique = struct.unpack_from("<IIQ", request)[2]
    body = struct.pack("<IIIIHHIIHH7I", 7, 31, 0, 0, 0, 0, 4096, 0, 0, 0, *[0] * 7)
    os.write(device, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
    print("mounted", flush=True)
    sys.stdin.read()
finally:
    libc.umount2(target.encode(), 2)
