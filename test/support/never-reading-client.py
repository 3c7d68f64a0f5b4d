"""Uploads standard input over TLS and closes the socket without having read anything after the handshake."""
import socket
import ssl
import sys

port, version, certificate, key = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.load_cert_chain(certificate, key)
wanted = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}[version]
context.minimum_version = context.maximum_version = wanted
connection = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))))
connection.sendall(sys.stdin.buffer.read())
connection.close()
