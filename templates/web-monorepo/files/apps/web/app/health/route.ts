/** Answers whoever watches this process. It says nothing about the API, which has a `/health` of its own. */
export function GET(): Response {
  return Response.json({ status: 'ready' });
}

// Otherwise Next.js answers with a file that was made when the app was built.
export const dynamic = 'force-dynamic';
