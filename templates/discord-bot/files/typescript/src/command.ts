import type { ChatInputCommandInteraction, SharedSlashCommand } from 'discord.js';

/** A slash command: what every file in `commands/` exports as its default. */
export interface Command {
  /** What Discord shows to people: the name, the description and the options. */
  data: SharedSlashCommand;
  /** Answers one use of the command. Discord waits three seconds for the first reply. */
  execute(interaction: ChatInputCommandInteraction): Promise<void>;
}
