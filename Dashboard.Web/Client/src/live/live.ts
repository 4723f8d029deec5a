import { LiveConnection } from './connection.js';

let connection: LiveConnection | null = null;

/** The tab's connection, made at first use: every canvas, chart and status line on a page shares it. */
export function live(): LiveConnection {
  return connection ??= new LiveConnection(new URL('hubs/live', document.baseURI).href);
}
