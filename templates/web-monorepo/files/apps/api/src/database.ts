import { Pool } from 'pg';
import { Unavailable } from './dependency.ts';
import type { Dependency } from './dependency.ts';

/** How long to wait for a connection before a request fails. */
const CONNECT_DEADLINE = 2_000;

/** PostgreSQL, through a pool of connections that are opened when they are needed. */
export class Database implements Dependency {
  readonly name = 'database';
  readonly #url: string;
  readonly #pool: Pool;

  constructor(url: string) {
    this.#url = url;
    this.#pool = new Pool({ connectionString: url, connectionTimeoutMillis: CONNECT_DEADLINE });
    // A connection that breaks while nobody uses it; the pool opens another. Without a
    // listener, it would end the process.
    this.#pool.on('error', (error) => console.error(new Unavailable(this.name, url, error).message));
  }

  /** Runs one statement. Values always go into `values`, never into the text. */
  async query<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw new Unavailable(this.name, this.#url, error);
    });
    try {
      const { rows } = await client.query(text, values);
      return rows as Row[];
    } finally {
      client.release();
    }
  }

  async check(): Promise<void> {
    await this.query('SELECT 1');
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
