import { parseArgs } from 'node:util';
import { REST, Routes } from 'discord.js';
import { loadCommands } from './commands/index.ts';
import { loadConfig } from './config.ts';
import { explainDiscordError, Failure, run } from './failure.ts';

await run(async () => {
  const isGlobal = readArguments();
  const { token, clientId, guildId, discordApi } = loadConfig();
  const commands = await loadCommands();
  const body = [...commands.values()].map((command) => command.data.toJSON());

  const rest = new REST({ api: discordApi }).setToken(token);
  const inGuild = guildId !== undefined && !isGlobal;
  const route = inGuild ? Routes.applicationGuildCommands(clientId, guildId) : Routes.applicationCommands(clientId);
  try {
    // Replaces the whole list: commands that are gone here disappear from Discord.
    await rest.put(route, { body });
  } catch (error) {
    throw explainDiscordError(error, discordApi);
  }
  const place = inGuild ? `in the server ${guildId}` : 'globally, in every server';
  console.log(`Registered ${body.length} commands ${place}.`);
});

/** Tells whether `--global` was given, which registers everywhere although GUILD_ID is set. */
function readArguments(): boolean {
  try {
    const { values } = parseArgs({ options: { global: { type: 'boolean', default: false } } });
    return values.global;
  } catch {
    throw new Failure('Usage: register [--global]');
  }
}
