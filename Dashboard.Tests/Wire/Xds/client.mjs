// A gRPC client without a proxy: resolves xds:///SERVICE through the console and calls it. Commands come as lines, answers go as lines of JSON.
//   calls N      N calls, a few at a time       -> {"ok": n, "failed": n, "first": "reason"}
//   start        calls all the time from now on -> {}
//   stop         ends that                      -> {"ok": n, "failed": n, "first": "reason"}
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [modules, target] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const grpc = require('@grpc/grpc-js');
require('@grpc/grpc-js-xds').register();

const client = new grpc.Client(target, grpc.credentials.createInsecure());
const concurrency = 8;
const nothing = Buffer.alloc(0);

const call = () =>
  new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check', (bytes) => bytes, (bytes) => bytes, nothing, new grpc.Metadata(), { deadline: Date.now() + 30_000 },
      (error) => resolve(error ? `${error.code} ${error.details}` : null));
  });

async function run(more) {
  const result = { ok: 0, failed: 0, first: null };
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (more()) {
      const error = await call();
      if (error === null) result.ok++;
      else {
        result.failed++;
        result.first ??= error;
      }
    }
  }));
  return result;
}

let going = false;
let load = null;
for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(' ');
  let answer = {};
  if (command === 'calls') {
    let left = Number(count);
    answer = await run(() => left-- > 0);
  } else if (command === 'start') {
    going = true;
    load = run(() => going);
  } else if (command === 'stop') {
    going = false;
    answer = await load;
  }
  console.log(JSON.stringify(answer));
}
process.exit(0);
