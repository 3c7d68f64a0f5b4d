"""Python's ftplib, uploading at a fixed rate until it is ended."""
import ftplib
import ssl
import sys
import time

port, user, certificate, key, local, command, protection, rate = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.load_cert_chain(certificate, key)
ftp = ftplib.FTP_TLS(context=context, timeout=30)
ftp.connect("127.0.0.1", int(port))
ftp.auth()
ftp.login(user, "none", secure=False)
ftp.sendcmd("PBSZ 0")
ftp.sendcmd("PROT " + protection)
ftp._prot_p = protection == "P"
with open(local, "rb") as source:
    ftp.storbinary(command, source, blocksize=65536, callback=lambda block: time.sleep(len(block) / int(rate)))
ftp.quit()
