/**
 * The identities a certificate claims for its subject, read without doubt: user principal names, e-mail addresses,
 * the Microsoft security identifier extension and its URI twin. A malformed identity is an error, never skipped.
 */
export interface SubjectIdentity {
  readonly userPrincipalNames: readonly string[];
  readonly rfc822Names: readonly string[];
  readonly securityIdentifier?: { readonly sid: string; readonly source: 'extension' | 'uri' };
}
