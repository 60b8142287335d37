import { Router } from 'express';
import type { Dependency } from './dependency.ts';
import { describe } from './failure.ts';

export interface Health {
  status: 'ready' | 'not ready';
  /** How each dependency is, by name. */
  dependencies: Record<string, 'up' | 'down'>;
}

/** Answers whether the app can do its work: 200 when it can, 503 when something it needs is away. */
export function health(dependencies: Dependency[]): Router {
  const router = Router();
  router.get('/', async (_request, response) => {
    const states = await Promise.all(dependencies.map(async (dependency) => [dependency.name, await stateOf(dependency)] as const));
    const isReady = states.every(([, state]) => state === 'up');
    const health: Health = { status: isReady ? 'ready' : 'not ready', dependencies: Object.fromEntries(states) };
    response.status(isReady ? 200 : 503).set('cache-control', 'no-store').json(health);
  });
  return router;
}

async function stateOf(dependency: Dependency): Promise<'up' | 'down'> {
  try {
    await dependency.check();
    return 'up';
  } catch (error) {
    console.error(describe(error));
    return 'down';
  }
}
