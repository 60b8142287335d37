import { DiscordAPIError, DiscordjsError, DiscordjsErrorCodes, RESTJSONErrorCodes } from 'discord.js';

/** A problem that its message explains fully, so that it is shown without a stack trace. */
export class Failure extends Error {}

/**
 * Runs a program; if it fails, says why and sets exit code 1.
 *
 * @param {() => Promise<void>} program
 */
export async function run(program) {
  try {
    await program();
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
    process.exitCode = 1;
  }
}

export const TOKEN_REFUSED =
  'Discord refused BOT_TOKEN. In the developer portal, choose Bot, Reset Token, and put the new one into .env.';

/**
 * Says what it means that a request to Discord failed, and what to do about it.
 *
 * @param {unknown} error
 * @param {string} api
 */
export function explainDiscordError(error, api) {
  if (isTokenRefused(error)) return new Failure(TOKEN_REFUSED, { cause: error });
  if (!(error instanceof DiscordAPIError)) {
    return new Failure(`Could not reach Discord at ${api}: ${describe(error)}`, { cause: error });
  }
  switch (error.code) {
    case RESTJSONErrorCodes.UnknownApplication:
      return new Failure('Discord does not know the application CLIENT_ID. Copy its Application ID again.');
    case RESTJSONErrorCodes.MissingAccess:
      return new Failure('The bot is not in the server GUILD_ID. Invite it, or correct the id.');
    default:
      return new Failure(`Discord refused the request: ${error.message} (${error.code})`, { cause: error });
  }
}

/** @param {unknown} error */
function isTokenRefused(error) {
  if (error instanceof DiscordAPIError) return error.status === 401;
  return error instanceof DiscordjsError && error.code === DiscordjsErrorCodes.TokenInvalid;
}

/** @param {unknown} error */
function describe(error) {
  if (!(error instanceof Error)) return String(error);
  // Node.js leaves the message empty when it has tried several addresses.
  return error.message || ('code' in error ? String(error.code) : error.name);
}
