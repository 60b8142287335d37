import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';

// A process takes a moment to start, and longer on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const ENTRY = fileURLToPath(new URL('../src/index.ts', import.meta.url));

type Api = ChildProcessByStdio<null, Readable, Readable>;
const running: Api[] = [];

function start(env: Record<string, string>): Api {
  const { PATH = '' } = process.env;
  const api = spawn(process.execPath, [ENTRY], { env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(api);
  return api;
}

/** Waits for the end and returns all that was said on standard error. */
async function errorsOf(api: Api): Promise<string> {
  let errors = '';
  api.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  await once(api, 'close');
  return errors;
}

afterEach(() => {
  for (const api of running.splice(0)) api.kill('SIGKILL');
});

describe('the API as a process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('answers, and ends cleanly after %s', async (signal) => {
    const api = start({ PORT: '0' });
    const [line] = (await once(api.stdout, 'data')) as [Buffer];
    const address = /http:\S+/.exec(line.toString())?.[0];

    const response = await fetch(`${address}/greeting`);
    expect(response.status).toBe(200);

    api.kill(signal);
    expect(await once(api, 'exit')).toEqual([0, null]);
  });

  test('says in one line that its port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    const api = start({ PORT: String(port) });

    expect(await errorsOf(api)).toBe(
      `Port ${port} is in use. End the program that has it, or choose another with PORT=…\n`,
    );
    expect(api.exitCode).toBe(1);
    other.close();
  });

  test('names what is wrong with its configuration, without a stack trace', async () => {
    const api = start({ PORT: 'eighty' });

    expect(await errorsOf(api)).toMatch(/^The configuration needs attention:\n {2}PORT is not .*\nSet .*\n$/);
    expect(api.exitCode).toBe(1);
  });
});
