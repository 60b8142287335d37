/** A problem that its message explains fully, so that it is shown without a stack trace. */
export class Failure extends Error {}

/** Runs a program; if it fails, says why and sets exit code 1. */
export async function run(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
    process.exitCode = 1;
  }
}

/** What happened, in a few words and without a stack trace. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node.js leaves the message empty when it has tried several addresses.
  return error.message || ('code' in error ? String(error.code) : error.name);
}
