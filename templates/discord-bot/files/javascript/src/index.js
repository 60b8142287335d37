import { Events, GatewayCloseCodes } from 'discord.js';
import { createBot } from './bot.js';
import { loadCommands } from './commands/index.js';
import { loadConfig } from './config.js';
import { explainDiscordError, run, TOKEN_REFUSED } from './failure.js';
/** @import { Client } from 'discord.js' */

/** How long a clean end may take. Whoever sent the signal often kills after ten seconds. */
const STOP_DEADLINE = 5_000;

await run(async () => {
  const { token, discordApi } = loadConfig();
  const client = createBot(await loadCommands(), discordApi);
  stopOnSignal(client);
  failOnDisconnect(client);
  try {
    await client.login(token);
  } catch (error) {
    throw explainDiscordError(error, discordApi);
  }
});

/**
 * Logs out before the process ends, so that Discord shows the bot as offline at once.
 *
 * @param {Client} client
 */
function stopOnSignal(client) {
  const stop = async (/** @type {NodeJS.Signals} */ signal) => {
    console.log(`Stopping after ${signal}.`);
    setTimeout(() => process.exit(0), STOP_DEADLINE).unref();
    // Only then: discord.js 14 tries to connect again when it is destroyed while it connects.
    if (client.isReady()) await client.destroy();
    process.exit(0);
  };
  // Once: a second Ctrl-C ends the process right away.
  process.once('SIGINT', (signal) => void stop(signal));
  process.once('SIGTERM', (signal) => void stop(signal));
}

/**
 * Ends the process when Discord closes the connection for good; discord.js repairs the rest.
 *
 * @param {Client} client
 */
function failOnDisconnect(client) {
  client.on(Events.ShardDisconnect, ({ code }) => {
    if (code < 4000) return;
    const reason = GatewayCloseCodes[code] ?? 'unknown reason';
    const isTokenRefused = reason === 'AuthenticationFailed';
    console.error(isTokenRefused ? TOKEN_REFUSED : `Discord closed the connection for good: ${reason} (${code})`);
    process.exit(1);
  });
}
