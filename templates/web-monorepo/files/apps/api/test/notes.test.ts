import express from 'express';
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { Database } from '../src/database.ts';
import { Unavailable } from '../src/dependency.ts';
import { notesRouter, StoredNotes } from '../src/notes.ts';
import type { Note, Notes } from '../src/notes.ts';

/** Notes that are gone with the test. */
class NotesInMemory implements Notes {
  #notes: Note[] = [];

  list(): Promise<Note[]> {
    return Promise.resolve(this.#notes);
  }

  add(text: string): Promise<Note> {
    const note = { id: String(this.#notes.length + 1), text, createdAt: new Date(0).toISOString() };
    this.#notes = [note, ...this.#notes];
    return Promise.resolve(note);
  }
}

function app(notes: Notes) {
  return express().use(express.json()).use('/notes', notesRouter(notes));
}

describe('/notes', () => {
  test('takes a note and lists it', async () => {
    const server = app(new NotesInMemory());

    const added = await request(server).post('/notes').send({ text: '  Buy milk ' }).expect(201);
    const listed = await request(server).get('/notes').expect(200);

    expect(added.body).toMatchObject({ id: '1', text: 'Buy milk' });
    expect(listed.body).toEqual([added.body]);
  });

  test.each([{}, { text: '' }, { text: '  ' }, { text: 7 }, { text: 'x'.repeat(501) }, 'text'])('refuses %j', async (body) => {
    const response = await request(app(new NotesInMemory())).post('/notes').send(body);

    expect(response.status).toBe(400);
  });
});

test('a database that is away is named, without its credentials', async () => {
  const database = new Database('postgresql://me:secret@127.0.0.1:1/app');

  const failure = await database.check().catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(Unavailable);
  expect((failure as Error).message).toMatch(/^The database at 127\.0\.0\.1:1 is not available: .*ECONNREFUSED/);
  await database.close();
});

// With a database whose migrations have run: `TEST_DATABASE_URL=postgresql://127.0.0.1:5433/app pnpm test`.
const { TEST_DATABASE_URL } = process.env;

describe.skipIf(!TEST_DATABASE_URL)('notes in PostgreSQL', () => {
  test('are kept, and the newest comes first', async () => {
    const database = new Database(TEST_DATABASE_URL ?? '');
    const notes = new StoredNotes(database);

    const first = await notes.add("it's the first; DROP TABLE notes");
    const second = await notes.add('the second');

    expect((await notes.list()).slice(0, 2)).toEqual([second, first]);
    await database.query('DELETE FROM notes WHERE id = ANY($1)', [[first.id, second.id]]);
    await database.close();
  });
});
