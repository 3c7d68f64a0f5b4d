/** Names of files that hold an upload until it is whole. No client ever sees, reads or makes one. */
import { randomBytes } from 'node:crypto';

const prefix = '.cardgate-upload-';
const pattern = /^\.cardgate-upload-[0-9a-f]{32}$/;

/** 128 random bits: two uploads never meet, and no attacker can guess where a file will appear. */
export function createUploadName(): string {
  return `${prefix}${randomBytes(16).toString('hex')}`;
}

export function isUploadName(name: string): boolean {
  return pattern.test(name);
}
