/**
 * When a changed setting takes effect in a running service: at SIGHUP, or at the next start. An entry speaks for the setting and for
 * all below it, the files it names included; the longest entry counts.
 */

/** `renewed`: for logins or connections from then on. `restart`: the old value stays in force. `unused`: this service does not use it. */
export type SettingEffect = 'renewed' | 'restart' | 'unused';

export type ServiceKind = 'serve' | 'serve-mapping';

interface EffectEntry {
  readonly serve: SettingEffect;
  readonly 'serve-mapping': SettingEffect;
}

const renewed: EffectEntry = { serve: 'renewed', 'serve-mapping': 'renewed' };
const restart: EffectEntry = { serve: 'restart', 'serve-mapping': 'restart' };
const restartForMapping: EffectEntry = { serve: 'unused', 'serve-mapping': 'restart' };
const renewedForMapping: EffectEntry = { serve: 'unused', 'serve-mapping': 'renewed' };
const renewedForFtps: EffectEntry = { serve: 'renewed', 'serve-mapping': 'unused' };
const restartForFtps: EffectEntry = { serve: 'restart', 'serve-mapping': 'unused' };

/** `[]` stands for every entry of a list; `directories` and `sites` are told apart by their names, and `name` stands for that there is such an entry. */
export const settingEffects: Readonly<Record<string, EffectEntry>> = {
  'log.level': restart,
  'log.file': restart,
  'audit.file': restart,
  'audit.whenUnwritable': restart,
  shutdownDrainTime: restart,
  'retrieval.cacheDirectory': restart,
  'retrieval.maximumCacheMegabytes': restart,
  'retrieval.maximumMemoryMegabytes': restart,
  'retrieval.maximumCrlMegabytes': restart,
  'retrieval.refreshInterval': restart,
  'retrieval.proxy': restart,
  'retrieval.certificateAuthorities': restart,
  'retrieval.fileDirectories': restart,
  'denyByFailure.maxFailure': restart,
  'denyByFailure.maxFailurePerAccount': restart,
  'denyByFailure.maxFailurePerAddress': restart,
  'denyByFailure.entryExpiration': restart,
  ipSecurity: renewedForFtps,
  'mappingService.listeners[].socket': restartForMapping,
  'mappingService.listeners[].mode': restartForMapping,
  'mappingService.listeners[].group': restartForMapping,
  'mappingService.listeners[].address': restartForMapping,
  'mappingService.listeners[].port': restartForMapping,
  'mappingService.listeners[].certificate': renewedForMapping,
  'mappingService.listeners[].certificateKey': renewedForMapping,
  'mappingService.listeners[].callerAuthorities': renewedForMapping,
  'mappingService.certificateHeader': restartForMapping,
  'mappingService.certificateEncoding': restartForMapping,
  'mappingService.addressHeader': restartForMapping,
  'mappingService.explainCallers': restartForMapping,
  'mappingService.maximumConnections': restartForMapping,
  'mappingService.maximumDecisions': restartForMapping,
  'mappingService.decisionTimeout': restartForMapping,
  'directories[]': renewed,
  'sites[].name': restart,
  'sites[].bindings': restartForFtps,
  'sites[].physicalPath': renewedForFtps,
  'sites[].virtualDirectories': renewedForFtps,
  'sites[].connections': renewedForFtps,
  'sites[].connections.serverListenBacklog': restartForFtps,
  'sites[].bandwidth': renewedForFtps,
  'sites[].ssl': renewedForFtps,
  'sites[].sslClientCertificates': renewed,
  'sites[].dataChannelSecurity': renewedForFtps,
  'sites[].authentication': renewed,
  'sites[].directories': renewed,
  'sites[].mapping': renewed,
  'sites[].userIsolation': renewedForFtps,
  'sites[].authorization': renewed,
  'sites[].authorizationOrder': renewed,
  'sites[].firewallSupport': renewedForFtps,
  'sites[].proxyProtocol': renewedForFtps,
  'sites[].messages': renewedForFtps,
  'sites[].denyByFailure': restart,
  'sites[].ipSecurity': renewedForFtps,
  'sites[].requestFiltering': renewedForFtps,
  'sites[].commandFiltering': renewedForFtps,
  'sites[].directoryBrowse': renewedForFtps,
  'sites[].fileHandling': renewedForFtps,
  'sites[].logFile': renewedForFtps,
  'sites[].hooks': renewedForFtps,
};

/** @param pattern a setting such as `sites[].ssl.minimumVersion` @returns the entry that speaks for it */
export function effectEntryOf(pattern: string): string | undefined {
  return Object.keys(settingEffects)
    .filter((entry) => pattern === entry || pattern.startsWith(`${entry}.`) || pattern.startsWith(`${entry}[`))
    .sort((a, b) => b.length - a.length)[0];
}
