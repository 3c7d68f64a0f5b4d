/** `cardgate import-iis`: its arguments, and the options that say what no file of IIS says. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import type { ImportIisOptions } from './import-iis-run.ts';

export function importIisCommand(finish: (code: ExitCode) => void, terminal: Terminal): Command {
  const repeated = (flags: string, description: string) =>
    new Option(flags, `${description}; may be given several times`).default([]).argParser(collectText);
  return new Command('import-iis')
    .description('write the FTP sites of IIS as a configuration, and report line by line what becomes of each setting')
    .argument('<applicationHost.config>', 'configuration of the IIS server, or the part of it about FTP')
    .argument(
      '[web.config...]',
      'web.config files of folders that sites show: SITE/virtual/path=FILE, or FILE where --map names the folder it lies in',
    )
    .option('-o, --output <file>', 'new file for the configuration; standard output when absent')
    .addOption(
      new Option('--sites <names>', 'sites to import, separated by commas; every FTP site when absent').argParser(
        listOf,
      ),
    )
    .addOption(
      repeated(
        '--map <windows=folder>',
        'folder of this host that stands for a Windows path or share and all below it',
      ),
    )
    .addOption(
      repeated(
        '--certificate <[thumbprint=]certificate,key>',
        'PEM files of the server certificate that IIS knows by this thumbprint',
      ),
    )
    .addOption(repeated('--trust-anchor <file>', 'PEM or DER file: a CA whose certificates may log in'))
    .addOption(repeated('--revocation-host <host>', 'host that may be asked for CRLs and OCSP answers'))
    .addOption(
      repeated('--name <old=new>', 'account or group of the directory that stands for a name in authorization rules'),
    )
    .option('--mapping-rules <file>', 'YAML file with the mapping rules')
    .option('--directory <file>', 'YAML file whose list directories is taken over')
    .option('--ignore-unknown', 'unknown attributes and elements stop no site', false)
    .option('--strict', 'exit with 1 where anything is left to decide', false)
    .option('--json', 'print the report as JSON', false)
    .action(async (file: string, webConfigs: readonly string[], options: ImportIisOptions) => {
      const { runImportIis } = await import('./import-iis-run.ts');
      finish(runImportIis(file, webConfigs, options, terminal));
    });
}

function collectText(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function listOf(text: string): readonly string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw new InvalidArgumentError('Give names of sites, separated by commas.');
  return names;
}
