import { Router } from 'express';
import type { Cache } from './cache.ts';

/** Counts visits. */
export interface Visits {
  /** Counts one more, and says how many there are then. */
  add(): Promise<number>;
}

/** A counter in Redis, which all instances of the API share. */
export class CountedVisits implements Visits {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  add(): Promise<number> {
    return this.#cache.increment('visits');
  }
}

export function visitsRouter(visits: Visits): Router {
  const router = Router();
  router.post('/', async (_request, response) => {
    response.json({ visits: await visits.add() });
  });
  return router;
}
