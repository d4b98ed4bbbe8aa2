import { Command } from 'commander';
import {
  auditAnchor,
  auditVerify,
  backupTo,
  importFrom,
  loadDemoCounty,
  measure,
  migrateOnly,
  replayInto,
  restoreFrom,
  retain,
  rotateKeys,
  serveUntilStopped,
  template,
} from './commands-of-cli.ts';
import { Stop } from './platform/config.ts';
import { problemWords } from './platform/words.ts';

const cli = new Command('zhiyuan').description(
  '知愿 Zhiyuan: a county reproductive-health and family-planning quality service / 县级生殖健康与计划生育优质服务',
);

cli.command('serve').description('start everything / 启动全部服务').action(serveUntilStopped);
cli.command('migrate').description('bring the database up to date / 更新数据库结构').action(migrateOnly);
cli
  .command('demo')
  .description('load a demonstration county / 载入演示县')
  .option('--size <size>', 'small or full', 'small')
  .option('--seed <number>', 'the same seed, the same county', '1')
  .option('--json')
  .action(loadDemoCounty);
cli
  .command('template')
  .description('write the workbook whose sheets are the forms / 生成导入模板')
  .option('--out <file>', 'where to', 'zhiyuan-template.xlsx')
  .action(template);
cli
  .command('import <file>')
  .description('check a workbook, CSV or folder of CSV, then import it / 检查并导入')
  .option('--dry-run', 'only check')
  .option('--accept-refusals', 'import the rest when some rows are refused')
  .option('--county <code>')
  .option('--marked <file>', 'write the workbook with refused cells marked')
  .option('--json')
  .action(importFrom);
cli
  .command('measure')
  .description('print indicator figures / 输出指标')
  .requiredOption('--period <period>', '2025, 2025-Q1, 2025-H1, 2025-03 or 2025-MCH')
  .option('--level <level>', 'county, zone, township, village or facility', 'county')
  .option('--indicator <code>')
  .option('--county <code>')
  .option('--disclosed', 'as they may be told outside the care team: small numbers suppressed, counts rounded')
  .option('--cold', 'count from the rows, not from the kept cells')
  .option('--json')
  .action(measure);
cli
  .command('replay')
  .description('rebuild every table in another, empty database from the journal / 由日志重建')
  .requiredOption('--into <url>')
  .option('--county <code>')
  .option('--json')
  .action(replayInto);
cli.command('backup <folder>').description('copy every table into a new folder / 备份').option('--json').action(backupTo);
cli.command('restore <folder>').description('fill an empty database from a backup / 恢复').option('--json').action(restoreFrom);

const audit = cli.command('audit').description('the chained journal and log of reads / 日志校验');
audit
  .command('verify')
  .description('recompute both chains; a changed, removed or re-ordered row is found and located')
  .option('--anchors <file>', 'anchors kept outside, as `audit anchor` printed them')
  .option('--county <code>')
  .option('--json')
  .action(auditVerify);
audit.command('anchor').description('keep and print the anchors of each day').option('--county <code>').option('--json').action(auditAnchor);
cli
  .command('keys')
  .description('keys of the installation / 密钥')
  .command('rotate')
  .description('a new wrapping key for all clients’ keys, while the server works')
  .option('--index', 'new blind indexes too')
  .option('--json')
  .action(rotateKeys);
cli.command('retention').description('delete what may no longer be kept / 到期清理').option('--dry-run', 'only say').option('--json').action(retain);

try {
  await cli.parseAsync();
} catch (error) {
  const words = problemWords(error);
  if (!words && !(error instanceof Stop)) throw error;
  console.error(words ?? (error as Error).message);
  process.exitCode = 1;
}
