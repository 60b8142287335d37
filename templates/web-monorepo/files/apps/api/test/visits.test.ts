import express from 'express';
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { Cache } from '../src/cache.ts';
import { Unavailable } from '../src/dependency.ts';
import { CountedVisits, visitsRouter } from '../src/visits.ts';

test('counts every visit', async () => {
  let count = 0;
  const app = express().use('/visits', visitsRouter({ add: () => Promise.resolve((count += 1)) }));

  await request(app).post('/visits').expect(200, { visits: 1 });
  await request(app).post('/visits').expect(200, { visits: 2 });
});

test('a Redis that is away is named at once, without its credentials', async () => {
  const cache = new Cache('redis://me:secret@127.0.0.1:1');

  const failure = await cache.check().catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(Unavailable);
  expect((failure as Error).message).toMatch(/^The cache at 127\.0\.0\.1:1 is not available: /);
  expect((failure as Error).message).not.toContain('secret');
  await cache.close();
});

// With a Redis: `TEST_REDIS_URL=redis://127.0.0.1:6380 pnpm test`.
const { TEST_REDIS_URL } = process.env;

describe.skipIf(!TEST_REDIS_URL)('visits in Redis', () => {
  test('are counted up', async () => {
    const cache = new Cache(TEST_REDIS_URL ?? '');
    const visits = new CountedVisits(cache);
    await expect.poll(() => cache.check().then(() => true, () => false)).toBe(true);

    const before = await visits.add();

    expect(await visits.add()).toBe(before + 1);
    await cache.close();
  });
});
