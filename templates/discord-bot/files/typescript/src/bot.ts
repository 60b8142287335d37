import { Client, Events, GatewayIntentBits, MessageFlags } from 'discord.js';
import type { ChatInputCommandInteraction, InteractionReplyOptions } from 'discord.js';
import type { Command } from './command.ts';

/** Creates a bot that answers the given commands. It does nothing before its `login`. */
export function createBot(commands: Map<string, Command>, discordApi: string): Client {
  const client = new Client({
    // Slash commands arrive without any intent; this one tells which servers the bot is in.
    intents: [GatewayIntentBits.Guilds],
    // Whatever a reply quotes, it does not notify anyone.
    allowedMentions: { parse: [] },
    rest: { api: discordApi },
  });

  client.once(Events.ClientReady, (ready) => {
    const names = [...commands.keys()].map((name) => `/${name}`).join(', ');
    console.log(`Logged in as ${ready.user.tag}. Commands: ${names}`);
  });
  // Without a listener, an `error` event would end the process.
  client.on(Events.Error, (error) => console.error(error));
  client.on(Events.InteractionCreate, (interaction) => {
    if (interaction.isChatInputCommand()) void answer(interaction, commands);
  });
  return client;
}

/** Runs a command. Never throws: one command that fails must not stop the bot. */
async function answer(interaction: ChatInputCommandInteraction, commands: Map<string, Command>): Promise<void> {
  const name = interaction.commandName;
  const command = commands.get(name);
  try {
    if (!command) {
      console.error(`Somebody used /${name}, which does not exist. Register the commands again.`);
      await reply(interaction, `I no longer know the command /${name}.`);
      return;
    }
    await command.execute(interaction);
  } catch (error) {
    console.error(`/${name} failed:`, error);
    await reply(interaction, 'Something went wrong. Please try again later.').catch((error: unknown) => {
      console.error('The person who used it could not be told:', error);
    });
  }
}

/** Replies so that only the person who used the command sees it. */
async function reply(interaction: ChatInputCommandInteraction, content: string): Promise<void> {
  const options: InteractionReplyOptions = { content, flags: MessageFlags.Ephemeral };
  if (interaction.replied || interaction.deferred) await interaction.followUp(options);
  else await interaction.reply(options);
}
