// Bundles the tests beside the sources and runs them with Node.js' own test runner.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const tests = join(dirname(fileURLToPath(import.meta.url)), 'tests');
const names = readdirSync(tests).filter(name => name.endsWith('.test.ts'));
const outdir = mkdtempSync(join(tmpdir(), 'dashboard-client-'));
try {
  await build({
    entryPoints: names.map(name => join(tests, name)),
    outdir, outExtension: { '.js': '.mjs' }, bundle: true, format: 'esm', platform: 'node', target: 'node20', sourcemap: 'inline', logLevel: 'warning',
    loader: { '.css': 'text' },
  });
  const run = spawnSync(process.execPath, ['--test', ...names.map(name => join(outdir, name.replace(/\.ts$/, '.mjs')))], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
