import express from 'express';
import request from 'supertest';
import { afterEach, expect, test, vi } from 'vitest';
import { Unavailable } from '../src/dependency.ts';
import type { Dependency } from '../src/dependency.ts';
import { health } from '../src/health.ts';

function dependency(name: string, check: () => Promise<void>): Dependency {
  return { name, check, close: () => Promise.resolve() };
}

const UP = dependency('cache', () => Promise.resolve());
const DOWN = dependency('database', () =>
  Promise.reject(new Unavailable('database', 'postgresql://me:secret@127.0.0.1:1/app', new Error('refused'))),
);

function answerOf(...dependencies: Dependency[]) {
  return request(express().use('/health', health(dependencies))).get('/health');
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('is ready when it needs nothing', async () => {
  const response = await answerOf().expect(200);

  expect(response.body).toEqual({ status: 'ready', dependencies: {} });
});

test('is ready when everything it needs answers', async () => {
  const response = await answerOf(UP).expect(200);

  expect(response.body).toEqual({ status: 'ready', dependencies: { cache: 'up' } });
});

test('is not ready while something is away, and logs why without credentials', async () => {
  const log = vi.spyOn(console, 'error').mockReturnValue();

  const response = await answerOf(UP, DOWN).expect(503);

  expect(response.body).toEqual({ status: 'not ready', dependencies: { cache: 'up', database: 'down' } });
  expect(log.mock.calls).toEqual([['The database at 127.0.0.1:1 is not available: refused']]);
});
