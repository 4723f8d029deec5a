// Reads hub messages, one base64 line each, and writes what the client makes of them, one JSON line each.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import { build } from 'esbuild';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'frames.ts');
const bundle = await build({ entryPoints: [source], bundle: true, format: 'esm', write: false });
const { readServiceFrame, readTopologyFrame } = await import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString('base64')}`);
const protocol = new MessagePackHubProtocol();

for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const bytes = Buffer.from(line, 'base64');
  const messages = protocol.parseMessages(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), { log: () => undefined });
  for (const message of messages) {
    const read = message.target === 'topology' ? readTopologyFrame : readServiceFrame;
    console.log(JSON.stringify(read(message.arguments[0])));
  }
}
