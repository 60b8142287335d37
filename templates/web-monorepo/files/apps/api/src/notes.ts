import { Router } from 'express';
import type { Database } from './database.ts';

export interface Note {
  id: string;
  text: string;
  createdAt: string;
}

/** Where notes are kept. */
export interface Notes {
  /** The newest ones, the newest first. */
  list(): Promise<Note[]>;
  add(text: string): Promise<Note>;
}

/** The longest text of a note; the table holds to it too. */
const LONGEST_TEXT = 500;
const COLUMNS = 'id, text, created_at AS "createdAt"';

/** Notes in the database, in the table of `migrations/0001-notes.sql`. */
export class StoredNotes implements Notes {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(): Promise<Note[]> {
    return this.#database.query<Note>(`SELECT ${COLUMNS} FROM notes ORDER BY id DESC LIMIT 50`);
  }

  async add(text: string): Promise<Note> {
    const [note] = await this.#database.query<Note>(
      `INSERT INTO notes (text) VALUES ($1) RETURNING ${COLUMNS}`,
      [text],
    );
    if (!note) throw new Error('the database returned no row for a note it took');
    return note;
  }
}

/** Lists notes and takes new ones. */
export function notesRouter(notes: Notes): Router {
  const router = Router();
  router.get('/', async (_request, response) => {
    response.json(await notes.list());
  });
  router.post('/', async (request, response) => {
    const text = textOf(request.body);
    if (text === undefined) {
      response.status(400).json({ error: `"text" must be a text of 1 to ${LONGEST_TEXT} characters.` });
      return;
    }
    response.status(201).json(await notes.add(text));
  });
  return router;
}

function textOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('text' in body) || typeof body.text !== 'string') return undefined;
  const text = body.text.trim();
  return text.length > 0 && text.length <= LONGEST_TEXT ? text : undefined;
}
