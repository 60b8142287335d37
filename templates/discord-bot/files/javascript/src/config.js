import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Failure } from './failure.js';

/**
 * @typedef {object} Config
 * @property {string} token
 * @property {string} clientId
 * @property {string | undefined} guildId The server to register the commands in; undefined means everywhere.
 * @property {string} discordApi Where Discord's API is, without the version.
 */

/** @typedef {Record<string, string | undefined>} Environment */

/** @typedef {{ name: string, meaning: string, pattern: RegExp, required: boolean }} Setting */

/** @type {Setting[]} */
const SETTINGS = [
  { name: 'BOT_TOKEN', meaning: 'the token of the bot', pattern: /^[\w-]+\.[\w-]+\.[\w-]+$/, required: true },
  { name: 'CLIENT_ID', meaning: 'the id of the application', pattern: /^\d{17,20}$/, required: true },
  { name: 'GUILD_ID', meaning: 'the id of a server', pattern: /^\d{17,20}$/, required: false },
];

/**
 * Reads the configuration from the environment and, for what that lacks, from `.env`.
 *
 * @returns {Config}
 */
export function loadConfig() {
  // Found from here, next to package.json, so that it does not matter where the bot is
  // started. Node.js lets variables that are set already win.
  const file = fileURLToPath(new URL('../.env', import.meta.url));
  if (existsSync(file)) process.loadEnvFile(file);
  return readConfig(process.env);
}

/**
 * Takes the configuration from an environment, or names everything that is wrong with it.
 *
 * @param {Environment} environment
 * @returns {Config}
 */
export function readConfig(environment) {
  const problems = SETTINGS.flatMap((setting) => findProblem(setting, environment));
  if (problems.length > 0) {
    throw new Failure(
      [
        'The configuration needs attention:',
        ...problems.map((problem) => `  ${problem}`),
        'Set the variables in .env next to package.json (.env.example explains each) or in the environment.',
      ].join('\n'),
    );
  }
  return {
    token: environment['BOT_TOKEN'] ?? '',
    clientId: environment['CLIENT_ID'] ?? '',
    guildId: environment['GUILD_ID'] || undefined,
    discordApi: (environment['DISCORD_API'] || 'https://discord.com/api').replace(/\/+$/, ''),
  };
}

/**
 * Describes a problem without the value: it may be a secret, and messages end up in logs.
 *
 * @param {Setting} setting
 * @param {Environment} environment
 */
function findProblem({ name, meaning, pattern, required }, environment) {
  const value = environment[name];
  if (!value) return required ? [`${name} is missing: ${meaning}`] : [];
  return pattern.test(value) ? [] : [`${name} does not look like ${meaning}`];
}
