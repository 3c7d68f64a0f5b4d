/** A PKCS#11 session in a process of its own, steered by lines of JSON: an application that stays open while its card is pulled. */
import { createInterface } from 'node:readline';
import type { Handle } from 'pkcs11js';
import { loadPkcs11Library, returnValueName } from '../../src/smartcard/token/pkcs11-module.ts';
import type { SessionAction, SessionAnswer } from './pcsc-session-client.ts';

const library = loadPkcs11Library();
const pkcs11 = new library.PKCS11();
pkcs11.load(process.env['PKCS11_MODULE_PATH']!);
pkcs11.C_Initialize();

let session: Handle | undefined;

function openSession(): Handle {
  const [slot] = pkcs11.C_GetSlotList(true);
  // Without a card there is no slot to name; the first one of the reader is its place.
  session = pkcs11.C_OpenSession(
    slot ?? pkcs11.C_GetSlotList(false)[0]!,
    library.CKF_SERIAL_SESSION | library.CKF_RW_SESSION,
  );
  return session;
}

function privateKey(id: number): Handle {
  const handle = session ?? openSession();
  pkcs11.C_FindObjectsInit(handle, [
    { type: library.CKA_CLASS, value: library.CKO_PRIVATE_KEY },
    { type: library.CKA_ID, value: Buffer.of(id) },
  ]);
  const [key] = pkcs11.C_FindObjects(handle, 1);
  pkcs11.C_FindObjectsFinal(handle);
  if (key === undefined) throw new Error('no such key');
  return key;
}

function perform(action: SessionAction): string {
  switch (action.do) {
    case 'slots':
      return String(pkcs11.C_GetSlotList(true).length);
    case 'open':
      openSession();
      return '';
    case 'login':
      pkcs11.C_Login(session ?? openSession(), library.CKU_USER, action.pin);
      return '';
    case 'logout':
      pkcs11.C_Logout(session ?? openSession());
      return '';
    case 'sign': {
      const handle = session ?? openSession();
      const mechanism = action.rsa ? library.CKM_SHA256_RSA_PKCS : library.CKM_ECDSA;
      pkcs11.C_SignInit(handle, { mechanism }, privateKey(action.id));
      if (action.pin !== undefined) pkcs11.C_Login(handle, library.CKU_CONTEXT_SPECIFIC, action.pin);
      return pkcs11.C_Sign(handle, Buffer.from(action.data, 'hex'), Buffer.alloc(512)).toString('hex');
    }
    case 'change-pin':
      pkcs11.C_SetPIN(session ?? openSession(), action.from, action.to);
      return '';
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer: SessionAnswer;
  try {
    answer = { result: perform(JSON.parse(line)) };
  } catch (error) {
    answer = { error: returnValueName(error) ?? String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
