// Bundles the TypeScript into wwwroot/js, from where it is served as a static web asset.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, '..', 'wwwroot', 'js');
const entry = join(here, 'src', 'main.ts');

rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });

if (existsSync(entry)) {
  await build({
    entryPoints: [entry],
    outdir,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: 'linked',
    logLevel: 'warning',
  });
}
