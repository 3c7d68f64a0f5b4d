/** `cardgate mapping …`: what to store at an account for a certificate, what is wrong with what is stored, and rules out of Windows' policy. */
import { Command, Option } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { positiveInteger } from '../positive-integer.ts';
import type { Terminal } from '../terminal.ts';
import type { ImportTuplesOptions } from './mapping-import-tuples.ts';
import type { MappingLintOptions } from './mapping-lint.ts';

export function mappingCommand(finish: (code: ExitCode) => void, terminal: Terminal): Command {
  const mapping = new Command('mapping').description(
    'the values and rules that lead from certificates to accounts: print them, find mistakes in them, import them',
  );

  mapping
    .command('value')
    .description('print every string by which a certificate can be stored at an account, strong ones first')
    .argument('<certificate>', 'PEM or DER file')
    .option('--json', 'print the result as JSON', false)
    .action(async (file: string, options: { readonly json: boolean }) => {
      const { mappingValue } = await import('./mapping-value.ts');
      finish(mappingValue(file, options, terminal));
    });

  mapping
    .command('lint')
    .description('read the mappings of a directory, and print those that are broken, weak, doubled or look planted')
    .requiredOption('-c, --config <configuration>', 'YAML configuration file')
    .option('-d, --directory <name>', 'directory of the configuration; all of them when absent')
    .addOption(
      new Option('--limit <number>', 'accounts to read from each directory')
        .default(100_000)
        .argParser(positiveInteger),
    )
    .option('--json', 'print the result as JSON', false)
    .action(async (options: MappingLintOptions) => {
      const { lintMappings } = await import('./mapping-lint.ts');
      finish(await lintMappings(options, terminal));
    });

  mapping
    .command('import-tuples')
    .description('print Windows’ strong name mappings (issuer thumbprint; policies; UpnSuffix, IssuerSubject) as rules')
    .argument('<policy>', 'the tuples, one a line; or a registry export (.reg) or Registry.pol that holds the policy')
    .requiredOption('--ca <files...>', 'PEM, DER or .p7b files with the certificates that the thumbprints are of')
    .option('--json', 'print the rules as JSON', false)
    .action(async (file: string, options: ImportTuplesOptions) => {
      const { importTuples } = await import('./mapping-import-tuples.ts');
      finish(importTuples(file, options, terminal));
    });
  return mapping;
}
