import { describe } from './failure.ts';

/** Something outside of this process that it needs. */
export interface Dependency {
  /** What it is called in answers and logs. */
  name: string;
  /** Throws `Unavailable` when it does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** A dependency does not answer. The message is for the log, with the address and without credentials. */
export class Unavailable extends Error {
  readonly dependency: string;

  constructor(dependency: string, url: string, cause: unknown) {
    super(`The ${dependency} at ${URL.parse(url)?.host ?? 'its address'} is not available: ${describe(cause)}`, { cause });
    this.dependency = dependency;
  }
}
