/** Drafts that never became standards, and that clients use all the same; and verbs that no document has. */
import { bySetting, done, doneAs, refused, requirement, type Standard } from './requirement.ts';

export const hashDraft: Standard = {
  name: 'draft-bryan-ftpext-hash-02',
  about: 'HASH: digests of files.',
  requirements: [
    requirement(
      '3',
      'MUST',
      'HASH',
      'The answer is 213 with algorithm, range, digest in lower case and path; the digest is that of what TYPE I sends.',
      done,
      'digests: tells the digest of what TYPE I sends, whatever the type is',
    ),
    requirement(
      '3',
      'MAY',
      'HASH',
      'A line `213-` every 5 to 10 seconds says that the server is at work.',
      doneAs('every 10 seconds, because some clients take one line alone; XCRC, MD5 and the like, too'),
      'digests: %s says every ten seconds how far it is, and then answers with the same code',
    ),
    requirement(
      '3.1',
      'MUST',
      'FEAT HASH',
      'FEAT lists the algorithms, the one that is chosen marked.',
      bySetting('fileHandling.digestAlgorithms', 'all five by default; an empty list offers no digest'),
      'digests: offers those that are listed',
    ),
    requirement(
      '3.2',
      'MUST',
      'OPTS HASH',
      'OPTS HASH tells and chooses the algorithm, to the end of the session or REIN; an unknown one is 501 and changes nothing.',
      done,
      'digests: is SHA-256 in a new session, and an unknown algorithm leaves the selection',
    ),
    requirement(
      '3.3',
      'MAY',
      'RANG HASH',
      'RANG chooses the octets of the next HASH.',
      done,
      'digests: RANG %s chooses the octets, both ends included',
    ),
    requirement(
      '3.5',
      'SHOULD',
      'HASH',
      'What is not there is 550, a directory 553.',
      doneAs('a range behind the end is 501'),
      'digests: a range behind the end is answered 501, a directory 553, a missing file 550',
    ),
    requirement(
      '5',
      'MUST',
      'HASH',
      'SHA-1 is there, and no weaker algorithm is the default.',
      bySetting('fileHandling.digestAlgorithms', 'SHA-256 is the default'),
      'digests: %s after OPTS HASH',
    ),
    requirement(
      '6',
      'MUST',
      'HASH',
      'Only a file that the person may read is digested.',
      done,
      'digests: %s of a file that may not be read is answered as one that is not there may not be either',
    ),
    requirement(
      'B',
      'MAY',
      'XCRC XMD5 XSHA1 XSHA256 XSHA512 MD5 MMD5',
      'Older commands of one algorithm: 250, or 251 and 252.',
      bySetting('fileHandling.digestAlgorithms', 'each with its algorithm'),
      'digests: %s tells the digest, of the whole file or of a part',
    ),
  ],
};

export const rangeDraft: Standard = {
  name: 'draft-bryan-ftp-range-09',
  about: 'RANG: a range of octets.',
  requirements: [
    requirement(
      '3',
      'MUST',
      'RANG',
      'Start and end are inclusive: 350; `RANG 1 0` takes the range back; a start behind the end is 501 and takes it back, too.',
      done,
      'digests: a range that is refused clears the one before',
    ),
    requirement(
      '4.3',
      'SHOULD',
      'RANG RETR',
      'RETR sends what the file has of the range.',
      done,
      'digests: %s chooses what RETR sends, once',
    ),
    requirement(
      '4.3',
      'MUST',
      'RANG STOR',
      'STOR changes nothing outside of the range, and wants the whole of it.',
      done,
      'digests: STOR of more or less than the range is answered 426, and nothing outside of the range changes',
    ),
    requirement(
      '5',
      'SHOULD',
      'RANG',
      'Under TYPE A or MODE Z a range is 551.',
      done,
      'digests: of a text is answered 551',
    ),
  ],
};

export const otherDrafts: Standard = {
  name: 'Other drafts',
  about:
    'draft-somers-ftp-mfxx-04, draft-preston-ftpext-deflate-04 and draft-peterson-streamlined-ftp-command-extensions-10.',
  requirements: [
    requirement(
      'mfxx 3',
      'MUST',
      'MFMT',
      'MFMT sets when a file was modified: `213 Modify=time; path`.',
      done,
      'files: %s sets when a file was modified, and is recorded',
    ),
    requirement(
      'mfxx 4',
      'MAY',
      'MFCT',
      'MFCT sets when a file was made.',
      refused(502, 'Linux lets no program set it'),
      'files: %s changes nothing: %i',
    ),
    requirement(
      'mfxx 5',
      'MUST',
      'MFF',
      'MFF sets facts: Modify and UNIX.mode; a list with another is refused as a whole.',
      bySetting('fileHandling.allowedModeBits', 'which modes; 0 allows none'),
      'site: MFF sets a mode and a time at once',
    ),
    requirement(
      'deflate 3',
      'MAY',
      'MODE OPTS',
      'MODE Z compresses files and listings; OPTS MODE Z LEVEL chooses the level.',
      bySetting('fileHandling.compression', 'off by default'),
      'compression: are one stream of zlib, recorded with the octets on both sides',
    ),
    requirement(
      'streamlined 4',
      'MAY',
      'AVBL',
      'AVBL tells how many octets are free: 213.',
      done,
      'client-words: AVBL tells the octets that are free in a directory that may be read',
    ),
  ],
};

/** Verbs that no document describes; clients know them from other servers. */
export const withoutStandard: Standard = {
  name: 'In no standard',
  about: 'Commands that clients know from other servers.',
  requirements: [
    requirement(
      '',
      'MAY',
      'CLNT',
      'What the client is called.',
      doneAs('200, and kept for the record of the session'),
      'client-words: CSID tells how names are compared, and the record of the session has what the client is called',
    ),
    requirement(
      '',
      'MAY',
      'CSID',
      'What the server is called, and how it compares names.',
      done,
      'client-words: CSID tells how names are compared, and the record of the session has what the client is called',
    ),
    requirement(
      '',
      'MAY',
      'COMB',
      'Parts of a file become one.',
      done,
      'combine: makes a new file of its parts in their order, and removes them',
    ),
    requirement(
      '',
      'MAY',
      'OPTS',
      'OPTS UTF8 ON of an expired draft, which many clients send.',
      doneAs('200 before and behind the login; OFF is 501'),
      'reply-codes: %s is answered %i by its argument',
    ),
    requirement(
      '',
      'MAY',
      'PRET',
      'What the next transfer is, before PASV, for servers of several hosts.',
      refused(502, 'each data connection ends here'),
      'reply-codes: %s has no use here and is answered %i',
    ),
    requirement(
      '(RFC 1639)',
      'MAY',
      'LPRT LPSV',
      'Long addresses, before RFC 2428.',
      refused(502, 'EPRT and EPSV took their place'),
      'reply-codes: %s has no use here and is answered %i',
    ),
  ],
};
