import { once } from 'node:events';
import { createServer } from 'node:net';

// Next.js says over many lines that its port is in use, or quietly takes another one, where
// nobody looks for it. This says it in one line.
const port = Number(process.env['PORT'] || 3000);
const probe = createServer();
try {
  probe.listen(port, '127.0.0.1');
  await once(probe, 'listening');
} catch (error) {
  const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  console.error(
    isInUse ? `Port ${port} is in use. End the program that has it, or choose another with PORT=…` : `PORT: ${String(error)}`,
  );
  process.exitCode = 1;
} finally {
  probe.close();
}
