import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { loadConfig } from './config.ts';
import { Unavailable } from './dependency.ts';
import { describe, Failure, run } from './failure.ts';

// Brings the database to the state of migrations/: runs every file that has not run yet, in
// the order of names, each in a transaction. Running it again does nothing.

interface Migration {
  name: string;
  sql: string;
  /** Of the text, to notice that a file was changed after it had run. */
  digest: string;
}

const MIGRATIONS = new URL('../migrations/', import.meta.url);
/** Any number that nothing else takes a lock on: two runs at once wait for each other. */
const LOCK = 7_402_113;

await run(async () => {
  const { databaseUrl } = loadConfig();
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
  } catch (error) {
    throw new Failure(new Unavailable('database', databaseUrl, error).message);
  }
  try {
    await migrate(client, await readMigrations());
  } finally {
    await client.end();
  }
});

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, MIGRATIONS), 'utf8');
      return { name, sql, digest: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function migrate(client: Client, migrations: Migration[]): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  await client.query(
    `CREATE TABLE IF NOT EXISTS migrations (
       name text PRIMARY KEY,
       digest text NOT NULL,
       applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  );
  const { rows } = await client.query<{ name: string; digest: string }>('SELECT name, digest FROM migrations');
  const applied = new Map(rows.map(({ name, digest }) => [name, digest]));

  for (const { name, digest } of migrations) {
    const before = applied.get(name);
    if (before !== undefined && before !== digest) {
      throw new Failure(`migrations/${name} was changed after it had run. Take the change back, and write a new file.`);
    }
  }
  const waiting = migrations.filter(({ name }) => !applied.has(name));
  for (const migration of waiting) await apply(client, migration);
  console.log(waiting.length === 0 ? 'The database is up to date.' : `Ran ${waiting.length} of ${migrations.length} migrations.`);
}

async function apply(client: Client, { name, sql, digest }: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(sql);
    await client.query('INSERT INTO migrations (name, digest) VALUES ($1, $2)', [name, digest]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Failure(`migrations/${name} failed, and nothing of it remains: ${describe(error)}`);
  }
}
