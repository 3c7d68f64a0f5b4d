"""Runs a command at a pseudo terminal: types what standard input says (hexadecimal) after the prompt, prints what the
terminal showed and whether it echoes afterwards."""
import json, os, pty, select, sys, termios, time

prompt = sys.argv[1].encode()
keys = bytes.fromhex(sys.stdin.read())
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown, typed, deadline, echoes = b"", False, time.monotonic() + 15, None


def has_echo():
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 0.2)[0]:
        continue
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    shown += data
    echoes = has_echo()
    if not typed and prompt in shown:
        typed = True
        os.write(terminal, keys)
_, status = os.waitpid(pid, 0)
print(json.dumps({"shown": shown.decode("latin1"), "echoes": echoes, "status": os.waitstatus_to_exitcode(status)}))
