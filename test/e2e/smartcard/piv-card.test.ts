/** The virtual PIV card as OpenSC and its PKCS#11 module see it through pcscd: keys, PIN counters, PUK, removal. */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyType } from '../../../src/smartcard/authority/key-type.ts';
import { cardTests } from '../../support/card-tests.ts';
import { cardNameOf, type InsertedCard, insertCard, issuePivCard, pin, puk, wrongPin } from '../../support/pcsc.ts';
import { type Pkcs11Session, startPkcs11Session } from '../../support/pcsc-session-client.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const tests = await cardTests('a PIV card in a virtual reader', {
  reader: true,
  programs: ['opensc-tool', 'pkcs11-tool'],
});

let pki: TestPki;

beforeAll(async () => {
  if (!tests.skip) pki = await createTestPki();
});
afterAll(() => pki?.remove());

const message = Buffer.from('sign me');
const hash = createHash('sha256').update(message).digest();

/** Signs with a key of the session, and verifies what comes out with the certificate. */
async function signs(session: Pkcs11Session, id: number, certificate: Buffer, pinForIt?: string): Promise<boolean> {
  const { publicKey } = new X509Certificate(certificate);
  const rsa = publicKey.asymmetricKeyType === 'rsa';
  const answer = await session.perform({
    do: 'sign',
    id,
    rsa,
    data: (rsa ? message : hash).toString('hex'),
    ...(pinForIt === undefined ? {} : { pin: pinForIt }),
  });
  if ('error' in answer) throw new Error(answer.error);
  const key = rsa ? publicKey : { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
  return verify('sha256', message, key, Buffer.from(answer.result, 'hex'));
}

describe.skipIf(tests.skip)(tests.title, () => {
  const keyTypes = ['RSA-2048', 'RSA-3072', 'P-256', 'P-384'] as const satisfies readonly KeyType[];

  describe.each(keyTypes)('with a key of %s', (keyType) => {
    let inserted: InsertedCard;

    beforeAll(async () => {
      inserted = await insertCard(pki, await issuePivCard(pki, cardNameOf(keyType), [['9A', keyType]]));
    });
    afterAll(() => inserted?.reader.stop());

    it('is known for a PIV card', async () => {
      const { stdout } = await inserted.run('opensc-tool', ['--name']);
      expect(stdout).toContain('Personal Identity Verification Card');
    });

    it('shows its certificate', async () => {
      const module = ['--module', inserted.reader.environment.PKCS11_MODULE_PATH];
      const { stdout } = await inserted.run('pkcs11-tool', [...module, '--list-objects', '--type', 'cert']);
      expect(stdout).toContain('Certificate for PIV Authentication');
      expect(stdout).toContain(`CN=${cardNameOf(keyType)}`);
    });

    it('signs once its PIN is verified', async () => {
      const session = startPkcs11Session(inserted.reader);
      try {
        expect(await session.perform({ do: 'login', pin })).toEqual({ result: '' });
        expect(await signs(session, 1, inserted.card.certificateDer)).toBe(true);
        expect(await inserted.recorded.count('signature')).toBe(1);
      } finally {
        await session.stop();
      }
    });
  });

  describe('with keys in several slots', () => {
    const slots = ['9A', '9C', '9D', '9E', '82', '83'] as const;
    let inserted: InsertedCard;
    let session: Pkcs11Session;

    beforeAll(async () => {
      const [first, ...rest] = slots.map((slot) => [slot, slot === '9C' ? 'RSA-2048' : 'P-256'] as const);
      inserted = await insertCard(pki, await issuePivCard(pki, 'all-slots', [first!, ...rest]));
      session = startPkcs11Session(inserted.reader);
      await session.perform({ do: 'login', pin });
    });
    afterAll(async () => {
      await session?.stop();
      await inserted?.reader.stop();
    });
    beforeEach(() => inserted.recorded.clear());

    it.each(slots.map((slot, index) => ({ slot, index })).filter(({ slot }) => slot !== '9C'))(
      'signs with $slot',
      async ({ slot, index }) => {
        expect(await signs(session, index + 1, inserted.card.certificates[index]!.certificateDer)).toBe(true);
        expect((await inserted.recorded.all()).slice(-1)).toEqual([{ kind: 'signature', slot: slot.toLowerCase() }]);
      },
    );

    it('signs with 9C only when the PIN is given for each signature', async () => {
      const { certificateDer } = inserted.card.certificates[1]!;
      await expect(signs(session, 2, certificateDer)).rejects.toThrow('CKR_USER_NOT_LOGGED_IN');
      expect(await inserted.recorded.count('signature')).toBe(0);
      // OpenSC takes the refusal for the end of the login.
      await session.perform({ do: 'login', pin });
      for (let signature = 1; signature <= 2; signature += 1) {
        expect(await signs(session, 2, certificateDer, pin)).toBe(true);
        expect((await inserted.recorded.all()).slice(-3)).toEqual([
          { kind: 'pin-right' },
          { kind: 'signature-asked', slot: '9c' },
          { kind: 'signature', slot: '9c' },
        ]);
      }
    });
  });

  describe('counts tries', () => {
    let inserted: InsertedCard;
    let session: Pkcs11Session;

    beforeAll(async () => {
      inserted = await insertCard(pki, await issuePivCard(pki, 'counting', [['9A', 'P-256']]));
      session = startPkcs11Session(inserted.reader);
    });
    afterAll(async () => {
      await session?.stop();
      await inserted?.reader.stop();
    });

    /** The tries of PIN and PUK that are left. */
    const tries = async () => {
      const { pinTriesLeft, pukTriesLeft } = await inserted.reader.status();
      return [pinTriesLeft, pukTriesLeft];
    };
    const unblock = (by: string) =>
      inserted.run('opensc-tool', [
        ...['--send-apdu', '00A4040009A00000030800001000'],
        ...['--send-apdu', `002C008010${Buffer.from(by + pin, 'latin1').toString('hex')}FFFF`],
      ]);

    it('one for each wrong PIN, and says when it is locked', async () => {
      expect(await session.perform({ do: 'login', pin: wrongPin })).toEqual({ error: 'CKR_PIN_INCORRECT' });
      expect(await tries()).toEqual([2, 3]);
      expect(await session.perform({ do: 'login', pin })).toEqual({ result: '' });
      expect(await tries()).toEqual([3, 3]);
      await session.perform({ do: 'logout' });
      for (const left of [2, 1, 0]) {
        expect(await session.perform({ do: 'login', pin: wrongPin })).toHaveProperty('error');
        expect(await tries()).toEqual([left, 3]);
      }
      expect(await session.perform({ do: 'login', pin })).toEqual({ error: 'CKR_PIN_LOCKED' });
      expect(await tries()).toEqual([0, 3]);
    });

    it('of the PUK too, which unblocks', async () => {
      expect((await unblock('00000000')).stdout).toContain('0x63, SW2=0xC2');
      expect(await tries()).toEqual([0, 2]);
      expect((await unblock(puk)).stdout).toContain('SW1=0x90, SW2=0x00');
      expect(await tries()).toEqual([3, 3]);
      expect(await session.perform({ do: 'login', pin })).toEqual({ result: '' });
      await session.perform({ do: 'logout' });
    });

    it('and lets its holder change the PIN', async () => {
      expect(await session.perform({ do: 'change-pin', from: pin, to: '864209' })).toEqual({ result: '' });
      expect(await session.perform({ do: 'login', pin: '864209' })).toEqual({ result: '' });
      await session.perform({ do: 'logout' });
      expect(await session.perform({ do: 'change-pin', from: '864209', to: pin })).toEqual({ result: '' });
      expect(await tries()).toEqual([3, 3]);
    });
  });

  describe('is pulled', () => {
    let inserted: InsertedCard;
    let session: Pkcs11Session;

    beforeAll(async () => {
      inserted = await insertCard(pki, await issuePivCard(pki, 'pulled', [['9A', 'P-256']]));
    });
    afterAll(() => inserted?.reader.stop());
    beforeEach(async () => {
      session = startPkcs11Session(inserted.reader);
      return () => session.stop();
    });

    it('between two commands, and inserted again', async () => {
      await session.perform({ do: 'login', pin });
      await inserted.reader.remove();
      expect(await session.perform({ do: 'sign', id: 1, rsa: false, data: hash.toString('hex') })).toHaveProperty(
        'error',
      );
      expect(await session.perform({ do: 'slots' })).toEqual({ result: '0' });
      expect(await session.perform({ do: 'open' })).toEqual({ error: 'CKR_TOKEN_NOT_PRESENT' });
      await inserted.reader.insert();
      expect(await session.perform({ do: 'slots' })).toEqual({ result: '1' });
      await session.perform({ do: 'open' });
      expect(await session.perform({ do: 'login', pin })).toEqual({ result: '' });
      expect(await signs(session, 1, inserted.card.certificateDer)).toBe(true);
    });

    it('before the PIN is entered', async () => {
      await session.perform({ do: 'open' });
      await inserted.reader.remove();
      expect(await session.perform({ do: 'login', pin })).toEqual({ error: 'CKR_DEVICE_REMOVED' });
      expect((await inserted.reader.status()).pinTriesLeft).toBe(3);
      await inserted.reader.insert();
    });

    it('while it is asked for a signature', async () => {
      await session.perform({ do: 'login', pin });
      await inserted.recorded.clear();
      await inserted.reader.removeAtNextSignature();
      expect(await session.perform({ do: 'sign', id: 1, rsa: false, data: hash.toString('hex') })).toHaveProperty(
        'error',
      );
      await expect.poll(() => inserted.recorded.count('removed')).toBe(1);
      expect(await inserted.recorded.count('signature')).toBe(0);
      expect(await inserted.reader.status()).toMatchObject({ inserted: false });
      await inserted.reader.insert();
    });

    it('while a finger is on its way to it', async () => {
      await session.perform({ do: 'login', pin });
      await inserted.recorded.clear();
      await inserted.reader.setTouchDelay(30_000);
      const answer = session.perform({ do: 'sign', id: 1, rsa: false, data: hash.toString('hex') });
      await expect.poll(() => inserted.recorded.count('signature-asked')).toBe(1);
      await inserted.reader.remove();
      expect(await answer).toHaveProperty('error');
      expect(await inserted.recorded.count('signature')).toBe(0);
      await inserted.reader.setTouchDelay(0);
      await inserted.reader.insert();
    });
  });
});
