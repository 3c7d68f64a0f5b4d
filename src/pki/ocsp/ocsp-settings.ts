/** The settings of a site for OCSP (RFC 6960). */
import { z } from 'zod';
import { durationInSeconds } from '../../settings/duration.ts';
import { file } from '../../settings/values.ts';

export const ocsp = z
  .strictObject({
    responders: z
      .array(z.url({ protocol: /^https?$/, error: 'must be an http or https URL, such as http://ocsp.example' }))
      .max(10)
      .default([])
      .describe('Asked about certificates that name no responder'),
    responderCertificates: z
      .array(file)
      .max(20)
      .default([])
      .describe('PEM or DER files: responders believed about every certificate, whichever CA certified them'),
    nonce: z
      .enum(['off', 'send', 'require'])
      .default('off')
      .describe('Whether answers must be made for this very question'),
    maximumAge: durationInSeconds('0s', '24d')
      .prefault('7d')
      .describe('Older answers are not believed, whatever they say'),
    certIdHash: z.enum(['sha1', 'sha256']).default('sha1').describe('Hash that names the issuer in questions'),
    httpMethod: z.enum(['getWhenShort', 'post']).default('getWhenShort').describe('How questions are sent'),
  })
  .prefault({});
