#!/usr/bin/python3
"""Makes the Samba AD domain that the tests copy. Usage: samba-provision.py SMB.CONF

The library call instead of `samba-tool domain provision`, because that one insists on access control lists on sysvol
(root, extended attributes, another package). Display specifiers in languages other than English are left out: they
are most of the objects and no test reads them.
"""
import logging
import re
import sys

import ldb
import samba.provision as provision
from samba import param
from samba.auth import system_session
from samba.dcerpc import security
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.samdb import SamDB

DOMAIN_SID = "S-1-5-21-1111111111-2222222222-3333333333"
ADMINISTRATOR_PASSWORD = "Administrator-1"

all_entries = provision.read_ms_ldif
foreign = re.compile(r"\s*dn: .*CN=(?!409,)[0-9A-F]{3},\s*CN=DisplaySpecifiers", re.I)


def english_entries(path):
    entries = (entry.strip("\n") for entry in re.split(r"\n\s*\n", all_entries(path)))
    return "".join(entry + "\n\n" for entry in entries if entry and not foreign.match(entry))


provision.read_ms_ldif = english_entries
smb_conf = sys.argv[1]
settings = param.LoadParm()
settings.load(smb_conf)
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
provision.provision(
    logging.getLogger("provision"), system_session(), smbconf=smb_conf, lp=settings,
    realm="CORP.EXAMPLE", domain="CORP", hostname="dc1", hostip="127.0.0.1",
    domainsid=security.dom_sid(DOMAIN_SID), adminpass=ADMINISTRATOR_PASSWORD,
    serverrole="active directory domain controller", dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
    dns_backend="NONE", samdb_fill=provision.FILL_FULL, useeadb=False, use_ntvfs=False, use_rfc2307=True,
    skip_sysvolacl=True, batch_mode=True)

# three wrong passwords lock an account for half an hour
database = SamDB(url=settings.private_path("sam.ldb"), session_info=system_session(), lp=settings)
lockout = ldb.Message(ldb.Dn(database, str(database.domain_dn())))
half_hour = str(-30 * 60 * 10**7)
for name, value in {"lockoutThreshold": "3", "lockoutDuration": half_hour, "lockOutObservationWindow": half_hour}.items():
    lockout[name] = ldb.MessageElement([value], ldb.FLAG_MOD_REPLACE, name)
database.modify(lockout)
