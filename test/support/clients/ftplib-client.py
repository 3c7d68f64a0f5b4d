"""Python's ftplib as a client for tests: reads one session as JSON on standard input, does its steps, prints listings."""
import ftplib
import json
import ssl
import sys


class ImplicitFtps(ftplib.FTP_TLS):
    """ftplib knows AUTH TLS only; here the control connection is TLS from its first octet."""

    _sock = None

    @property
    def sock(self):
        return self._sock

    @sock.setter
    def sock(self, value):
        if value is not None and not isinstance(value, ssl.SSLSocket):
            value = self.context.wrap_socket(value, server_hostname=self.host)
        self._sock = value


def main():
    session = json.load(sys.stdin)
    context = ssl.create_default_context(cafile=session["rootFile"])
    version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[session["tls"]]
    context.minimum_version = context.maximum_version = version
    identity = session["identity"]
    if identity["kind"] == "files":
        context.load_cert_chain(identity["certificateFile"], identity["keyFile"])
    implicit = session.get("implicit", False)
    ftp = (ImplicitFtps if implicit else ftplib.FTP_TLS)(context=context, timeout=15)
    ftp.connect(session.get("host", "localhost"), session["port"])
    if not implicit:
        ftp.auth()
    ftp.login(session["user"], session.get("password", "none"), secure=False)
    ftp.prot_p()
    ftp.set_pasv(not session.get("active", False))
    for step in session["steps"]:
        if step["do"] == "list":
            ftp.retrlines("LIST " + step["path"], print)
        elif step["do"] == "upload":
            with open(step["local"], "rb") as source:
                store = ftp.storlines if step.get("isText") else ftp.storbinary
                store("STOR " + step["remote"], source)
        elif step.get("isText"):
            with open(step["local"], "w", newline="") as target:
                ftp.retrlines("RETR " + step["remote"], lambda line: target.write(line + "\n"))
        else:
            with open(step["local"], "wb") as target:
                ftp.retrbinary("RETR " + step["remote"], target.write)
    ftp.quit()


try:
    main()
except (ftplib.Error, OSError, EOFError) as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(1)
