"""Stores or fetches many small files in one session of Python's ftplib, each data connection resuming the TLS session of the control
connection. Reads what to do as JSON on standard input."""
import ftplib
import json
import socket
import ssl
import sys


class ResumingFtps(ftplib.FTP_TLS):
    """ftplib itself never resumes, and leaves Nagle's algorithm on."""

    nagle = False

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if not self.nagle:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.context.wrap_socket(connection, server_hostname=self.host, session=self.sock.session), size


def main():
    session = json.load(sys.stdin)
    context = ssl.create_default_context(cafile=session["rootFile"])
    version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[session["tls"]]
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(session["identity"]["certificateFile"], session["identity"]["keyFile"])
    ftp = ResumingFtps(context=context, timeout=60)
    ftp.nagle = session["nagle"]
    ftp.connect("localhost", session["port"])
    ftp.auth()
    ftp.login(session["user"], session["password"] or "none", secure=False)
    ftp.prot_p()
    for index in range(session["count"]):
        if session["verb"] == "STOR":
            with open(session["local"], "rb") as source:
                ftp.storbinary(f"STOR small-{index}", source)
        else:
            ftp.retrbinary(f"RETR small-{index}", lambda block: None)
    ftp.quit()


main()
