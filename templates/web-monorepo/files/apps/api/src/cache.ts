import { createClient } from '@redis/client';
import { Unavailable } from './dependency.ts';
import type { Dependency } from './dependency.ts';

/** The longest pause between two attempts to connect. */
const LONGEST_PAUSE = 2_000;

/** Redis, through one connection that is opened again whenever it breaks. */
export class Cache implements Dependency {
  readonly name = 'cache';
  readonly #url: string;
  readonly #client;
  #lastError: unknown;

  constructor(url: string) {
    this.#url = url;
    this.#client = createClient({
      url,
      // A request fails at once when Redis is away; it does not wait until it is back.
      disableOfflineQueue: true,
      socket: { connectTimeout: 2_000, reconnectStrategy: (attempts) => Math.min(100 * 2 ** attempts, LONGEST_PAUSE) },
    });
    // Every failed attempt arrives here. Without a listener, the first would end the process.
    this.#client.on('error', (error: unknown) => {
      this.#lastError = error;
    });
    void this.#client.connect().catch((error: unknown) => {
      this.#lastError = error;
    });
  }

  /** Adds one to a counter, and says what it is then. */
  async increment(key: string): Promise<number> {
    return this.#client.incr(key).catch((error: unknown) => this.#fail(error));
  }

  async check(): Promise<void> {
    await this.#client.ping().catch((error: unknown) => this.#fail(error));
  }

  async close(): Promise<void> {
    if (this.#client.isReady) await this.#client.close();
    else this.#client.destroy();
  }

  /** A request without a connection fails because there is none; the last attempt to connect knows why. */
  #fail(error: unknown): never {
    throw new Unavailable(this.name, this.#url, this.#client.isReady ? error : (this.#lastError ?? error));
  }
}
