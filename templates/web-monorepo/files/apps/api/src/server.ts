import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Failure } from './failure.ts';

/** How long requests may take to end. Whoever sent the signal often kills after ten seconds. */
const STOP_DEADLINE = 5_000;

/** Starts to listen, or says why that cannot be. */
export async function listen(app: RequestListener, { host, port }: { host: string; port: number }): Promise<Server> {
  const server = createServer(app);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw explain(error, host, port);
  }
  return server;
}

/** The address that a server listens on. */
export function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Takes no more requests, and waits for those that are being answered. */
export async function stop(server: Server): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), STOP_DEADLINE);
  server.close();
  await once(server, 'close');
  clearTimeout(deadline);
}

function explain(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new Failure(`Port ${port} is in use. End the program that has it, or choose another with PORT=…`);
    case 'EACCES':
      return new Failure(`Port ${port} is not for everybody. Choose one above 1023 with PORT=…`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Failure(`This machine has no address ${host}. Choose another with HOST=…`);
    default:
      return error;
  }
}
